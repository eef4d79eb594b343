"""LoginCheck: whether a password is a user's, computed where it may take its time."""

from broker.access.passwords import NO_PASSWORD
from broker.access.user import User

# As long as a hash takes, whoever it is of: else the time of a refusal would tell which users there are.
_NOBODY = User("", NO_PASSWORD)


class LoginCheck:
    """``perform`` touches nothing but this object, so a thread may do it. Then ``right`` says how it went.

    What was asked about is what the user was then: whoever goes on with it looks whether there still is such a user.
    """

    __slots__ = ("_password", "name", "right", "user")

    def __init__(self, name: str, user: User | None, password: str | None) -> None:
        """Without a password, as a certificate has proven the name, it is enough that there is such a user."""
        self.name = name
        self.right = False
        # Another of that name, who came since, is not who was asked about.
        self.user = user
        self._password = password

    def perform(self) -> None:
        """Hash and compare: some 2 us for a password of usual length, 20 for the longest that fits a first frame."""
        if self._password is None:
            self.right = self.user is not None
            return
        fits = (self.user or _NOBODY).password.fits(self._password)
        self.right = fits and self.user is not None
