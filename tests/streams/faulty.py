"""A disk in memory that fails, fills up and loses power: every state a crash may leave can be made from it.

What is promised: bytes are safe after ``sync`` of their file, names after ``sync_folder`` or ``settle``. Nothing else:
a power cut keeps any sectors of unsynced writes, in any order, cuts the last one at any byte, forgets any unsynced
creation, rename or removal, each by itself. A plain kill of the process loses nothing that was written.
"""

from streams.errors import LogLocked

SECTOR = 512


class PowerCut(BaseException):
    """Raised in the middle of an operation; no code of ours may catch it."""


class Inode:
    """One file's bytes: ``now`` as any process sees them, ``safe`` as of its last sync, ``lost`` what came since."""

    def __init__(self):
        self.now = bytearray()
        self.safe = b""
        self.unsynced = []

    def write(self, position, data):
        if len(self.now) < position:
            self.now.extend(bytes(position - len(self.now)))
        self.now[position : position + len(data)] = data
        self.unsynced.append((position, bytes(data)))

    def truncate(self, size):
        del self.now[size:]
        self.now.extend(bytes(max(0, size - len(self.now))))
        self.unsynced.append((size, None))

    def sync(self):
        self.safe = bytes(self.now)
        self.unsynced = []

    def after_power_cut(self, random):
        """Safe bytes plus whatever of the later ones a power cut leaves."""
        left = bytearray(self.safe)
        manner = random.choice(("nothing", "cut", "sectors", "all"))
        operations = {"nothing": [], "cut": self._cut(random)}.get(manner, self.unsynced)
        for position, data in operations:
            if data is None:
                if manner != "sectors" or random.random() < 0.5:
                    del left[position:]
                    left.extend(bytes(max(0, position - len(left))))
            elif manner == "sectors":
                _write_some_sectors(left, position, data, random)
            else:
                left.extend(bytes(max(0, position - len(left))))
                left[position : position + len(data)] = data
        inode = Inode()
        inode.now = left
        inode.safe = bytes(left)
        return inode

    def _cut(self, random):
        """The writes in order, up to some byte of one of them."""
        if not self.unsynced:
            return []
        count = random.randrange(len(self.unsynced))
        position, data = self.unsynced[count]
        rest = [] if data is None else [(position, data[: random.randint(0, len(data))])]
        return self.unsynced[:count] + rest


def _write_some_sectors(left, position, data, random):
    """Each sector arrives or not; one that does not holds what was there before, or zeros. The size may be right."""
    share = random.choice((0.1, 0.5, 0.9))
    if random.random() < 0.5:
        left.extend(bytes(max(0, position + len(data) - len(left))))
    at = position
    while at < position + len(data):
        end = min((at // SECTOR + 1) * SECTOR, position + len(data))
        if random.random() < share:
            left.extend(bytes(max(0, at - len(left))))
            left[at:end] = data[at - position : end - position]
        at = end


class FaultyFile:
    def __init__(self, disk, inode):
        self.disk = disk
        self.inode = inode

    def size(self):
        return len(self.inode.now)

    def read(self, position, size):
        return bytes(self.inode.now[position : position + size])

    def write(self, position, data):
        part = self.disk.step("write", len(data))
        self.inode.write(position, data[:part])
        if part < len(data):
            raise self.disk.error()

    def truncate(self, size):
        self.disk.step("truncate")
        self.inode.truncate(size)

    def sync(self):
        self.disk.step("sync")
        self.inode.sync()

    def close(self):
        pass


class Held:
    def __init__(self, disk, path):
        self.disk = disk
        self.path = path

    def release(self):
        self.disk.locks.discard(self.path)


class FaultyFiles:
    """``Files`` in memory. ``steps_left`` operations until the power goes; ``failing`` says which raise an OSError."""

    def __init__(self, random=None):
        self.random = random
        self.entries = {}
        self.safe_entries = {}
        self.folders = {""}
        self.locks = set()
        self.steps_left = None
        self.fault = None
        self.fault_share = 0.0

    # --- faults ---

    def step(self, verb, size=0):
        """Count one operation. Returns how many bytes of it happen; raises PowerCut, or the OSError that is due."""
        if self.steps_left is not None:
            self.steps_left -= 1
            if self.steps_left < 0:
                raise PowerCut
        if self.fault is not None and self.random.random() < self.fault_share:
            if verb == "write":
                return self.random.randrange(size) if size else 0
            raise self.error()
        return size

    def error(self):
        return OSError(self.fault, "the disk says no")

    def after_power_cut(self, random):
        """The disk as the next start finds it."""
        disk = FaultyFiles(random)
        disk.folders = set(self.folders)
        names = dict(self.safe_entries)
        changed = [path for path in {**self.entries, **names} if self.entries.get(path) is not names.get(path)]
        for path in sorted(changed):
            if random.random() < 0.5:
                if path in self.entries:
                    names[path] = self.entries[path]
                else:
                    names.pop(path, None)
        left = {id(inode): inode.after_power_cut(random) for inode in names.values()}
        disk.entries = {path: left[id(inode)] for path, inode in names.items()}
        disk.safe_entries = dict(disk.entries)
        return disk

    def after_kill(self, random):
        """The disk as the next process finds it when only this one died."""
        self.random = random
        self.steps_left = None
        self.fault = None
        self.locks.clear()
        return self

    # --- Files ---

    def names(self, folder):
        return [path.rpartition("/")[2] for path in self.entries if path.rpartition("/")[0] == folder]

    def make_folder(self, folder):
        self.folders.add(folder)

    def open(self, path, *, create=False):
        if create:
            self.step("create")
            self.entries[path] = Inode()
        elif path not in self.entries:
            raise FileNotFoundError(path)
        return FaultyFile(self, self.entries[path])

    def rename(self, old, new):
        self.step("rename")
        self.entries[new] = self.entries.pop(old)

    def remove(self, path):
        self.step("remove")
        self.entries.pop(path, None)

    def sync_folder(self, folder):
        self.step("sync_folder")
        for path in {**self.entries, **self.safe_entries}:
            if path.rpartition("/")[0] == folder:
                if path in self.entries:
                    self.safe_entries[path] = self.entries[path]
                else:
                    del self.safe_entries[path]

    def lock(self, path):
        if path in self.locks:
            raise LogLocked(path)
        self.locks.add(path)
        return Held(self, path)

    def settle(self):
        for inode in self.entries.values():
            inode.sync()
        self.safe_entries = dict(self.entries)
