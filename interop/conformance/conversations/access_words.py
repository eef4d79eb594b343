"""Words of the conversations about users: who is let in, and what each may do.

Users and virtual hosts are named as queues are, with ``~``: they belong to their conversation.
"""

from interop.conformance.conversations.handshake_words import HELLO, login, tune
from interop.conformance.steps import Step, administer, call, expect

ALL, NONE = ".*", "^$"
CLOSE = call("channel.close", reply_code=200, reply_text="")


def permit(configure: str = ALL, write: str = ALL, read: str = ALL, user: str = "~u", vhost: str = "/") -> Step:
    return administer("set_permissions", user, vhost, configure, write, read)


def permit_topic(write: str = ALL, read: str = ALL, exchange: str = "~x", user: str = "~u", vhost: str = "/") -> Step:
    return administer("set_topic_permissions", user, vhost, exchange, write, read)


def user(name: str = "~u", *tags: str) -> list[Step]:
    """A user with the password p, who may not enter any virtual host yet."""
    return [administer("add_user", name, "p"), *([administer("set_user_tags", name, list(tags))] if tags else [])]


def member(configure: str = ALL, write: str = ALL, read: str = ALL, vhost: str = "/") -> list[Step]:
    """The user ~u with these permissions."""
    return [*user(), permit(configure, write, read, vhost=vhost)]


def vhost(name: str = "~v") -> list[Step]:
    """A virtual host in which guest may do everything."""
    return [administer("add_vhost", name), permit(user="guest", vhost=name)]


def enter(name: str = "/") -> Step:
    return call("connection.open", ch=0, virtual_host=name)


def known(name: str = "~u", password: str = "p") -> list[Step]:
    """In a bare conversation: connection a, up to where it may open a virtual host."""
    return [*HELLO, login(response=f"\0{name}\0{password}"), expect("connection.tune", ch=0), tune()]


def secret(c: str = "b", new_secret: str = "p") -> Step:
    return call("connection.update-secret", c, 0, new_secret=new_secret, reason="r")


def goodbye(c: str = "b") -> Step:
    return call("connection.close", c, 0, reply_code=200, reply_text="Goodbye")


def forced(c: str = "b") -> Step:
    """The broker ends the connection of its own accord."""
    return expect("connection.close", c=c, ch=0)


def purge(queue: str = "~q", c: str = "b", ch: int = 1) -> Step:
    return call("queue.purge", c, ch, queue=queue)


def no_exchange(name: str, c: str = "b", ch: int = 1) -> Step:
    """Deleting what is not there is answered with ok, once it has been seen that it would be allowed."""
    return call("exchange.delete", c, ch, exchange=name)

