"""What an administrator asked for and cannot be had, in RabbitMQ's words."""


class AccessError(ValueError):
    """The text is one sentence for whoever asked."""


class NoSuchUser(AccessError):
    def __init__(self, name: str) -> None:
        super().__init__(f'User "{name}" does not exist')


class UserExists(AccessError):
    def __init__(self, name: str) -> None:
        super().__init__(f'User "{name}" already exists')
