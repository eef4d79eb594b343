"""What an administrator may ask of a node: RabbitMQ's ``rabbitmqctl`` as methods, for every door that leads to it.

The doors: ``Broker.admin`` in the same process, the control socket, commands on the data directory of a stopped broker.
"""

from broker.administration.administration import Administration
from broker.administration.refused import Refused

__all__ = ["Administration", "Refused"]
