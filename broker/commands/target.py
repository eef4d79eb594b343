"""Target: the broker that a command is for, whether it runs or is stopped."""

import json
import time
from contextlib import suppress
from typing import Any, Final

from broker.commands.errors import NotDone, Unusable
from broker.config import Config, ConfigError
from broker.server.data_home import control_path, data_dir
from broker.server.socket_path import connected
from broker.store.errors import DirectoryInUse, StoreError
from streams.errors import StreamsError

# How long it may take to do anything, with the disk.
_ANSWER_S: Final = 60.0
# A broker that starts or stops has its data directory before and after its socket; and another command may be at work
# on it, or several.
_PATIENCE_S: Final = 10.0
_PAUSE_S: Final = 0.05


class Target:
    """``socket``: the path of a control socket that was named, and no other way is to be taken; or ""."""

    __slots__ = ("_config", "_environment", "_socket")

    def __init__(self, config: Config, environment: Any, socket: str = "") -> None:
        self._config = config
        self._environment = environment
        self._socket = socket

    def ask(self, verb: str, **arguments: Any) -> Any:
        """What a verb of ``broker.administration`` gives back. Arguments that are None are left out.

        Raises NotDone, Unusable.
        """
        given = {name: value for name, value in arguments.items() if value is not None}
        deadline = time.monotonic() + _PATIENCE_S
        path = self._socket or control_path(self._config, self._environment)
        while True:
            if path:
                try:
                    return _ask_running(path, verb, given)
                except (FileNotFoundError, ConnectionRefusedError):
                    if self._socket or self._config.ephemeral:
                        raise Unusable(f"no broker listens at {path}") from None
            if self._config.ephemeral:
                raise Unusable("an ephemeral broker is reached by --socket, where it has a control_socket")
            try:
                return self._ask_stopped(verb, given)
            except DirectoryInUse:
                if time.monotonic() > deadline:
                    folder = data_dir(self._config, self._environment)
                    raise Unusable(f"a broker runs on {folder}, and does not listen at a control socket") from None
            time.sleep(_PAUSE_S)

    def _ask_stopped(self, verb: str, arguments: dict[str, Any]) -> Any:
        # Imports a whole node, which a running broker has already.
        from broker.commands.stopped import ask_stopped

        try:
            return ask_stopped(self._config, data_dir(self._config, self._environment), verb, arguments)
        except DirectoryInUse:
            raise
        except (ConfigError, StoreError, StreamsError) as error:
            raise Unusable(str(error)) from None
        except OSError as error:
            raise Unusable(f"cannot use the data directory: {error.filename}: {error.strerror}") from None


def _ask_running(path: str, verb: str, arguments: dict[str, Any]) -> Any:
    """Raises FileNotFoundError and ConnectionRefusedError where nobody listens, Unusable, NotDone."""
    try:
        with connected(path, _ANSWER_S) as sock, sock.makefile("rb") as answers:
            # Who hangs up in the midst of it has said why: it is too long.
            with suppress(BrokenPipeError, ConnectionResetError):
                sock.sendall(json.dumps({"verb": verb, "arguments": arguments}).encode() + b"\n")
            line = answers.readline()
    except (FileNotFoundError, ConnectionRefusedError):
        raise
    except TimeoutError:
        raise Unusable(f"the broker at {path} does not answer") from None
    except OSError as error:
        raise Unusable(f"cannot speak with the broker at {path}: {error.strerror or error}") from None
    try:
        answer = json.loads(line)
        refusal = answer.get("error")
    except (ValueError, AttributeError):
        raise Unusable(f"the broker at {path} ended before it had answered") from None
    if refusal is not None:
        raise NotDone(refusal)
    return answer.get("result")
