"""Administration: all an administrator may ask for, gathered from a file a subject."""

from broker.administration.connections import Connections
from broker.administration.definitions import DefinitionVerbs
from broker.administration.limits import LimitVerbs
from broker.administration.permissions import PermissionVerbs
from broker.administration.policies import PolicyVerbs
from broker.administration.status import StatusVerbs
from broker.administration.users import UserVerbs
from broker.administration.vhosts import VhostVerbs


class Administration(
    UserVerbs, PermissionVerbs, VhostVerbs, LimitVerbs, PolicyVerbs, Connections, StatusVerbs, DefinitionVerbs
):
    """Each method is one verb of ``rabbitmqctl``, done at once and whole or not at all. Values are what JSON can hold.

    A virtual host that is not named is the configured one. Methods raise Refused; what they change outlives a restart.
    """
