"""Messages as exchanges see them."""

from pamqp import header
from pamqp.commands import Basic

from broker.exchanges.view import View


def view(headers=None, body=b"m", exchange="x", key="k", wall_ms=0, **properties):
    if headers is not None:
        properties["headers"] = headers
    payload = header.ContentHeader(0, len(body), Basic.Properties(**properties)).marshal()
    content = b"\x02\x00\x01" + len(payload).to_bytes(4, "big") + payload + b"\xce"
    if body:
        content += b"\x03\x00\x01" + len(body).to_bytes(4, "big") + body + b"\xce"
    route = b"".join(bytes((len(part),)) + part for part in (exchange.encode(), key.encode()))
    return View(content, route, wall_ms)
