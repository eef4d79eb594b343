"""FastStream on RabbitMQ: subscribers, publishers, requests and replies, what is rejected and what comes back."""
