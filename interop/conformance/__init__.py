"""The same conversation with RabbitMQ and with Leveret, compared frame by frame. RabbitMQ's side is recorded."""
