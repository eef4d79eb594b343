"""Who may come in, and what each may do: users, passwords, tags, permissions. Knows no connection and no socket."""

from broker.access.access import Access
from broker.access.errors import AccessError
from broker.access.permissions import CONFIGURE, READ, WRITE
from broker.access.user import User

__all__ = ["CONFIGURE", "READ", "WRITE", "Access", "AccessError", "User"]
