"""Why a command ends without having done what it was asked for: one line each, and the exit status."""

import click


class NotDone(click.ClickException):
    """The broker would not do it, and says why."""

    exit_code = 1


class Unusable(click.ClickException):
    """What the command was given, or found, cannot be used: nothing was asked of a broker."""

    exit_code = 2
