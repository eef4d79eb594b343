"""Safety: how far a growing history is safe on disk, as its batches come and go."""


class Safety:
    """Marks into a history, given by ``now``; what comes before ``safe`` was committed, and told so in a turn.

    ``performed``: written and synced, whether the turn that says so has come or not: no crash takes it back.
    ``attempted``: perhaps there after a crash; what is beyond never went near the disk.
    """

    def __init__(self, now) -> None:
        self._now = now
        self.safe = self.performed = self.attempted = now()
        self._flight = None

    def take(self) -> None:
        """A batch was taken: it carries all there is."""
        self._flight = self.attempted = self._now()

    def perform(self) -> None:
        self.performed = self._flight

    def finish(self) -> None:
        self.safe = self.performed = self._flight

    def restart(self) -> None:
        """What a restart found is all there is."""
        self.safe = self.performed = self.attempted = self._now()
        self._flight = None
