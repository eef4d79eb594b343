"""Random conversations about the whole protocol, made up by Hypothesis and compared with a RabbitMQ (run.py)."""
