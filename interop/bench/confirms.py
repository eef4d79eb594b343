"""Which publishes are confirmed: counted from the acks' frames, which are all 21 bytes long."""

import struct

from interop.bench import wire

# Everything up to the delivery tag, the tag, multiple; the end octet says nothing new.
_ACK = struct.Struct(">11sQBx")
_ACK_HEAD = wire.ack(0, multiple=False)[:11]


class Confirms:
    """Counts what is confirmed: singly or many at once, in whatever order (a broker may owe one and confirm the next).

    Costs some 0.2 us a frame. RabbitMQ and leveret send one for many messages under load.
    """

    def __init__(self) -> None:
        self.count = 0
        self._upto = 0
        self._beyond: set[int] = set()
        self._rest = b""

    def take(self, data: bytes) -> bytes:
        """Count the acks in ``data``, which may end within one. Gives the rest from the first frame that is none."""
        data = self._rest + data
        whole = len(data) - len(data) % wire.ACK_BYTES
        self._rest = data[whole:]
        for number, (head, tag, multiple) in enumerate(_ACK.iter_unpack(data[:whole])):
            if head != _ACK_HEAD:
                return data[number * wire.ACK_BYTES :]
            if multiple:
                self._pass(max(tag, self._upto))
            elif tag == self._upto + 1:
                self._pass(tag)
            else:
                self._beyond.add(tag)
        self.count = self._upto + len(self._beyond)
        return b""

    def _pass(self, upto: int) -> None:
        if self._beyond:
            self._beyond = {tag for tag in self._beyond if tag > upto}
            while upto + 1 in self._beyond:
                upto += 1
                self._beyond.remove(upto)
        self._upto = upto
