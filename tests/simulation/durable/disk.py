"""Disk: the faulty disk with what a whole node meets beside: reads that fail, and work that goes on in the meantime."""

from tests.streams.faulty import FaultyFile, FaultyFiles


class Disk(FaultyFiles):
    """``meanwhile`` is called before each operation on it: a batch is performed in a thread, while turns go on."""

    def __init__(self, random):
        super().__init__(random)
        self.read_fault = None
        self.meanwhile = None
        # Names that were given away by an unsynced rename, with what they named.
        self._renamed = {}

    def step(self, verb, size=0):
        if self.meanwhile is not None:
            self.meanwhile()
        return super().step(verb, size)

    def open(self, path, *, create=False):
        super().open(path, create=create)
        return _File(self, self.entries[path])

    def rename(self, old, new):
        inode = self.entries.get(old)
        super().rename(old, new)
        self._renamed[old] = (new, inode)

    def sync_folder(self, folder):
        super().sync_folder(folder)
        self._renamed = {old: new for old, new in self._renamed.items() if old.rpartition("/")[0] != folder}

    def settle(self):
        """In any order, and a crash may come in between; it never says that it failed."""
        fault, self.fault = self.fault, None
        inodes = list(self.entries.values())
        self.random.shuffle(inodes)
        for inode in inodes:
            self.step("settle")
            inode.sync()
        self.step("settle")
        self.safe_entries = dict(self.entries)
        self._renamed.clear()
        self.fault = fault

    def after_power_cut(self, random):
        left = super().after_power_cut(random)
        disk = Disk(random)
        disk.folders, disk.entries = left.folders, left.entries
        for old, (new, inode) in self._renamed.items():
            # The creation was kept and the rename was not.
            if new not in disk.entries and old not in disk.entries and random.random() < 0.5:
                disk.entries[old] = inode.after_power_cut(random)
        disk.safe_entries = dict(disk.entries)
        return disk

    def after_kill(self, random):
        super().after_kill(random)
        self.read_fault = self.meanwhile = None
        return self


class _File(FaultyFile):
    def read(self, position, size):
        disk = self.disk
        if disk.read_fault is not None and disk.random.random() < disk.fault_share:
            raise OSError(disk.read_fault, "the disk does not give it back")
        return super().read(position, size)
