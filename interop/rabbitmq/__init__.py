"""A real RabbitMQ to compare with: from Debian's packages, started fresh on free loopback ports, thrown away after.

    from interop import rabbitmq
    with rabbitmq.running() as node:
        node.url, node.port, node.pid, node.version

`python -m interop.rabbitmq` starts one in the foreground; `python -m interop.rabbitmq.install` installs the package.
"""

from interop.rabbitmq.node import CtlFailed, Node, NotInstalled, StartFailed, installed, running

__all__ = ["CtlFailed", "Node", "NotInstalled", "StartFailed", "installed", "running"]
