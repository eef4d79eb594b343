"""amqpstorm as its users use it."""
