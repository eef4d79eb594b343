"""`python -m interop.rabbitmq [--root DIR] [--plugin NAME]...`: one RabbitMQ in the foreground until Ctrl-C."""

import argparse
import contextlib
import signal
import sys

from interop import rabbitmq


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m interop.rabbitmq", description="Run a throw-away RabbitMQ.")
    parser.add_argument("--root", default="/", help="folder to chroot into, as made by debootstrap")
    parser.add_argument("--plugin", action="append", default=[], help="plugin to enable; may be repeated")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        with rabbitmq.running(options.root, plugins=options.plugin) as node, contextlib.suppress(KeyboardInterrupt):
            print(f"RabbitMQ {node.version} at {node.url} pid {node.pid} ports {node.ports}", flush=True)
            node.process.wait()
    except (rabbitmq.NotInstalled, rabbitmq.StartFailed) as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
