"""amqpstorm's story: a Connection with its own thread, channel.basic, channel.queue and channel.exchange."""
