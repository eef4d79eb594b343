"""Limits: what users and virtual hosts may have, and how much memory and disk publishers leave."""

from collections.abc import Mapping
from typing import Any, Final

from broker.administration.refused import Refused, refusing
from broker.administration.verbs import Verbs
from broker.limits.documents import OF_USERS, OF_VHOSTS, refusal

# As the settings of these names allow. What no float can hold had ended the broker when it looked at its memory.
_SIZE_MAX_BYTES: Final = 2**63 - 1


class LimitVerbs(Verbs):
    def set_user_limits(self, user: str, limits: Mapping[str, int]) -> None:
        """``max-connections`` and ``max-channels``; what is not named stays. 0 allows nothing, less than 0 is no limit.

        Who is there already may stay.
        """
        self._refuse(refusal(limits, OF_USERS, "user-limits"))
        access = self._node.access
        self._do(lambda _: access.set_limits(user, {**access.user(user).limits, **limits}))

    def clear_user_limits(self, user: str, limit: str = "all") -> None:
        """One of them, or all."""
        access = self._node.access
        with refusing():
            held = access.user(user).limits
        left = {name: value for name, value in held.items() if limit not in (name, "all")}
        self._do(lambda _: access.set_limits(user, left))

    def list_user_limits(self, user: str | None = None) -> list[dict[str, Any]]:
        """``user`` and ``limits``, of one or of all that have any."""
        access = self._node.access
        with refusing():
            users = list(access.users.values()) if user is None else [access.user(user)]
        return [{"user": each.name, "limits": dict(each.limits)} for each in users if each.limits or user is not None]

    def set_vhost_limits(self, limits: Mapping[str, int], *, vhost: str | None = None) -> None:
        """``max-connections`` and ``max-queues``, in place of those there were. 0 allows nothing, less than 0 is no
        limit. What is there already may stay.
        """
        host = self._vhost(vhost)
        if why := refusal(limits, OF_VHOSTS, "limits"):
            self._refuse(f"Validation failed\n\n{why}")
        self._do(lambda _: self._node.set_vhost_limits(host, limits))

    def clear_vhost_limits(self, *, vhost: str | None = None) -> None:
        """All of them."""
        host = self._vhost(vhost)
        self._do(lambda _: self._node.set_vhost_limits(host, None))

    def list_vhost_limits(self, *, vhost: str | None = None) -> list[dict[str, Any]]:
        """``vhost`` and ``limits``, of one or of all that have any."""
        hosts = list(self._node.vhosts.values()) if vhost is None else [self._vhost(vhost)]
        return [{"vhost": each.name, "limits": dict(each.limits)} for each in hosts if each.limits or vhost is not None]

    def set_vm_memory_high_watermark(self, limit_bytes: int) -> None:
        """As with ``absolute``: from there on publishers wait; with 0 they do, whatever there is. Until a restart."""
        self._is_size(limit_bytes)
        self._do(lambda _: self._node.set_memory_limit(limit_bytes))

    def set_disk_free_limit(self, limit_bytes: int) -> None:
        """Publishers wait while fewer bytes are free where the data directory lies. Until a restart.

        A broker that keeps nothing has 0 free, and a limit of 0.
        """
        self._is_size(limit_bytes)
        self._do(lambda _: self._node.set_disk_free_limit(limit_bytes))

    def _is_size(self, limit_bytes: int) -> None:
        if not 0 <= limit_bytes <= _SIZE_MAX_BYTES:
            self._refuse(f"{limit_bytes} is no number of bytes")

    def _refuse(self, why: str) -> None:
        if why:
            raise Refused(why)
