"""rabbitmq-c, by the commands of Debian's package amqp-tools."""
