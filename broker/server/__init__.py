"""The trio shell: every ``await`` of the broker, its sockets, signals and log. No AMQP and no routing live here."""
