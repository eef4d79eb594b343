"""`python -m interop.clients.kombu.story URL`."""

from interop.clients.kombu.story import consuming, fates, opening, publishing, routing, streams
from interop.clients.story.telling import tell

if __name__ == "__main__":
    tell(opening, routing, publishing, consuming, fates, streams)
