"""A queue that does nothing, for tests of what stands above queues."""

TURN = object()


class FakeQueue:
    """What a virtual host and the topology methods see of a queue; every turn must be TURN."""

    def __init__(self, name, durable, auto_delete, exclusive_owner, arguments, effective=None):
        self.name = name
        self.durable = durable
        self.auto_delete = auto_delete
        self.exclusive_owner = exclusive_owner
        self.arguments = arguments
        self.effective = arguments if effective is None else effective
        self.kind = arguments.get("x-queue-type", "classic")
        self.message_count = 0
        self.consumer_count = 0
        self.ever_consumed = False
        self.heeds_conditions = True
        self.log_id = 0
        self.on_delete = lambda: None

    def purge(self, turn):
        assert turn is TURN
        count, self.message_count = self.message_count, 0
        return count

    def used(self, turn):
        pass

    def begin(self, turn):
        pass

    def reconfigure(self, effective, turn):
        assert turn is TURN
        self.effective = effective

    def delete(self, turn):
        assert turn is TURN
        self.on_delete()
        return self.message_count
