"""A disk as a power cut may leave it: what was synced is there, and of the rest any part.

The rules, as strict as POSIX lets a file system be:

- A sync of a file makes its bytes and size durable, not its name. A sync of a directory makes its entries durable. A write
  to a file opened with O_DSYNC makes its own bytes durable and no others.
- Of bytes not synced, each sector of 512 bytes is there as it was after any one of the writes to it, or as it was at the
  last sync: whole, but each sector for itself. A file that grew has its new size or the old one, and zeros in between.
- Of names not synced, each creation, renaming and removal is there or not, each for itself; a renaming is never half there.
- After a sync that failed, what it was to make durable is in memory and will never be written, unless it is written again.
"""
import os
import re

import record

SECTOR = 512
ZEROS = bytes(SECTOR)
DSYNC = 0o10000  # O_DSYNC, which O_SYNC includes
CREATE, TRUNCATE = 0o100, 0o1000


class Node:
    """A file or a directory, whatever its names are."""

    def __init__(self, is_directory, name):
        self.is_directory = is_directory
        self.entries = {}
        self.current = bytearray()
        self.durable = bytearray()
        self.sectors = {}  # sector: its contents after each write that is not durable, as (index, bytes)
        self.sizes = []  # (index, size)
        # Its bytes change through a mapping, and mean nothing to the next start.
        self.is_volatile = name == "lock.mdb"
        self.name = name

    def write(self, index, offset, data):
        end = offset + len(data)
        if end > len(self.current):
            self.current.extend(bytes(end - len(self.current)))
            self.sizes.append((index, end))
        self.current[offset:end] = data
        self.touch(index, offset, end)

    def touch(self, index, start, end):
        for sector in range(start // SECTOR, (end + SECTOR - 1) // SECTOR):
            content = bytes(self.current[sector * SECTOR:(sector + 1) * SECTOR]).ljust(SECTOR, b"\0")
            self.sectors.setdefault(sector, []).append((index, content))

    def truncate(self, index, size):
        old = len(self.current)
        if size < old:
            del self.current[size:]
        else:
            self.current.extend(bytes(size - old))
        self.sizes.append((index, size))
        if not self.is_volatile:
            self.touch(index, min(size, old), max(size, old))

    def make_durable(self, index, sectors=None):
        """What was written before entry `index`; all of it, or only these sectors."""
        sizes = [size for at, size in self.sizes if at < index]
        if sizes:
            self.resize_durable(sizes[-1] if sectors is None else max(sizes[-1], len(self.durable)))
            self.sizes = [pair for pair in self.sizes if pair[0] >= index]
        for sector in list(self.sectors) if sectors is None else sectors:
            versions = self.sectors.get(sector, [])
            before = [content for at, content in versions if at < index]
            if before:
                self.put(self.durable, sector, before[-1])
                self.sectors[sector] = [pair for pair in versions if pair[0] >= index]
                if not self.sectors[sector]:
                    del self.sectors[sector]

    def forget(self, index):
        """A failed sync: what was written before it is clean in memory, and not on disk."""
        for sector, versions in list(self.sectors.items()):
            self.sectors[sector] = [pair for pair in versions if pair[0] >= index]
            if not self.sectors[sector]:
                del self.sectors[sector]

    def resize_durable(self, size):
        del self.durable[size:]
        self.durable.extend(bytes(size - len(self.durable)))

    @staticmethod
    def put(content, sector, data):
        start = sector * SECTOR
        if start < len(content):
            content[start:start + SECTOR] = data[:len(content) - start]

    def image(self, choose):
        if self.is_volatile:
            return choose.volatile(len(self.current))
        content = bytearray(self.durable)
        size = choose.size(self, [(-1, len(content))] + self.sizes)
        del content[size:]
        content.extend(bytes(size - len(content)))
        for sector, versions in self.sectors.items():
            version = choose.version(self, versions)
            if version is not None:
                self.put(content, sector, version)
        return content


class Disk:
    """The directory that is watched, as it is and as it may be found, after each entry of the record."""

    def __init__(self, root, ignored=None):
        """`ignored`: a kind of sync, as `kind_of_sync` says it, that is taken not to have been made."""
        self.root = root.rstrip("/")
        self.ignored = ignored
        self.top = Node(True, "")
        self.files = {}
        self.writes = {}
        self.syncs = {}
        self.names = []  # [index, action, is durable]
        self.durable_names = {}  # (directory, name): node
        self.index = 0
        self.kinds = {}
        self.failed = set()
        self.retried = []

    # What is there

    def find(self, path):
        """The directory that has the name, the name, and the node or None."""
        relative = os.path.normpath(path)[len(self.root):].strip("/")
        parts = relative.split("/") if relative else []
        directory, name, node = None, "", self.top
        for part in parts:
            directory, name = node, part
            if directory is None:
                raise KeyError(path)
            node = directory.entries.get(part)
        return directory, name, node

    def node(self, path):
        try:
            return self.find(f"{self.root}/{path}")[2]
        except KeyError:
            return None

    def tree(self, node=None, prefix=""):
        for name, child in sorted((node or self.top).entries.items()):
            yield prefix + name, child
            if child.is_directory:
                yield from self.tree(child, f"{prefix}{name}/")

    def adopt(self, path, node=None):
        """Takes in, as durable, all that is there before the record begins."""
        directory = node or self.top
        for entry in os.scandir(path):
            child = Node(entry.is_dir(), entry.name)
            directory.entries[entry.name] = child
            self.durable_names[directory, entry.name] = child
            if entry.is_dir():
                self.adopt(entry.path, child)
            else:
                with open(entry.path, "rb") as file:
                    child.current[:] = file.read()
                child.durable[:] = child.current

    # Entries

    def take(self, entry):
        """Follows one entry; gives back the kind of sync that it ended, if it did."""
        self.index += 1
        index, kind = self.index, entry.kind
        handle = entry.process, entry.handle
        numbered = entry.process, entry.number
        if kind == record.OPEN:
            self.open(index, entry, handle)
        elif kind == record.WRITE:
            node, flags = self.files[handle]
            self.failed.discard((entry.process, node))
            node.write(index, entry.offset, entry.bytes)
            self.writes[numbered] = (index, entry.offset, len(entry.bytes))
        elif kind == record.WRITE_DONE:
            start, offset, count = self.writes[numbered]
            node, _ = self.files[handle]
            sectors = range(offset // SECTOR, (offset + count + SECTOR - 1) // SECTOR)
            return self.synced(node, "O_DSYNC", start + 1, sectors)
        elif kind == record.SYNC:
            node, _ = self.files[handle]
            if (entry.process, node) in self.failed:
                self.retried.append(self.kind_of_sync(node, "sync"))
            self.syncs[numbered] = index
        elif kind == record.SYNC_DONE:
            node, _ = self.files[handle]
            return self.synced(node, "sync", self.syncs.pop(numbered))
        elif kind == record.SYNC_FAILED:
            node, _ = self.files[handle]
            self.failed.add((entry.process, node))
            node.forget(self.syncs.pop(numbered))
        elif kind == record.TRUNCATE:
            self.files[handle][0].truncate(index, entry.offset)
        elif kind in (record.RENAME, record.LINK, record.UNLINK, record.MKDIR, record.RMDIR):
            self.change_names(index, entry)
        elif kind == record.SHORT and handle in self.files:
            start, offset, count = self.writes[numbered]
            raise ValueError(f"a write of {count} bytes was cut to {entry.offset} by the real disk")
        return None

    def is_repeated(self, entry):
        """Whether it writes into a journal what is there already: what a start does with blocks that it has only read."""
        if entry.kind != record.WRITE:
            return False
        node, _ = self.files[entry.process, entry.handle]
        there = node.current[entry.offset:entry.offset + len(entry.bytes)]
        return node.name.endswith(".journal") and any(entry.bytes) and there == entry.bytes

    def open(self, index, entry, handle):
        directory, name, node = self.find(entry.bytes.decode())
        if node is None:
            node = Node(False, name)
            directory.entries[name] = node
            self.changed(index, ("set", directory, name, node))
        elif entry.flags & TRUNCATE and len(node.current):
            node.truncate(index, 0)
        self.files[handle] = node, entry.flags

    def synced(self, node, call, index, sectors=None):
        kind = self.kind_of_sync(node, call)
        self.kinds.setdefault(kind, []).append(self.index)
        if kind == self.ignored:
            return kind
        if not node.is_directory:
            node.make_durable(index, sectors)
            return kind
        for change in self.names:
            if change[0] < index and node in change[1]:
                change[2] = True
        while self.names and self.names[0][2]:
            self.apply(self.names.pop(0)[1], self.durable_names)
        return kind

    def change_names(self, index, entry):
        paths = record.paths(entry)
        directory, name, node = self.find(paths[0])
        if entry.kind == record.MKDIR:
            node = directory.entries[name] = Node(True, name)
            self.changed(index, ("set", directory, name, node))
        elif entry.kind in (record.UNLINK, record.RMDIR):
            del directory.entries[name]
            self.changed(index, ("remove", directory, name, node))
        else:
            new_directory, new_name, _ = self.find(paths[1])
            new_directory.entries[new_name] = node
            if entry.kind == record.LINK:
                self.changed(index, ("set", new_directory, new_name, node))
            else:
                del directory.entries[name]
                self.changed(index, ("move", directory, name, new_directory, new_name, node))
            node.name = new_name

    def changed(self, index, action):
        # As after a write to a file: what is synced next is more than what failed to be.
        self.failed = {(process, node) for process, node in self.failed if all(node is not one for one in action)}
        self.names.append([index, action, False])

    @staticmethod
    def apply(action, names):
        what, directory, name, *rest = action
        node = rest[-1]
        if what == "set":
            names[directory, name] = node
        else:
            if names.get((directory, name)) is node:
                del names[directory, name]
            if what == "move":
                names[rest[0], rest[1]] = node

    def drop(self, name):
        """Takes a whole tree out, durably: the script has removed it."""
        node = self.top.entries.pop(name, None)
        self.names = [change for change in self.names if change[1][-1] is not node]
        for key in [key for key, value in self.durable_names.items() if value is node]:
            del self.durable_names[key]

    def kind_of_sync(self, node, call):
        path = next((path for path, other in self.tree() if other is node), node.name)
        path = re.sub(r"[0-9]{8,}(?=\.journal)", "N", path)
        path = re.sub(r"unfinished-[0-9]+", "unfinished", path)
        path = re.sub(r"^backup-[a-z0-9]+", "backup", path)
        path = re.sub(r"scratch\.[a-z]+", "scratch", path)
        return f"{call} {path or '.'}{'/' if node.is_directory else ''}"

    # Images

    def image(self, choose):
        """What may be found: (path, None) for a directory, (path, bytes) for a file."""
        names = dict(self.durable_names)
        for change in self.names:
            if change[2] or choose.name(change[0]):
                self.apply(change[1], names)
        entries = {}
        for (directory, name), node in names.items():
            entries.setdefault(directory, []).append((name, node))
        found = []

        def walk(directory, prefix):
            for name, node in entries.get(directory, []):
                if node.is_directory:
                    found.append((prefix + name, None))
                    walk(node, f"{prefix}{name}/")
                else:
                    found.append((prefix + name, node.image(choose)))

        walk(self.top, "")
        return found


class Choice:
    """Which part of what was not synced is there: one of several ways of choosing, by a seeded generator."""

    WAYS = ["nothing", "everything", "half", "few", "most", "prefix", "files", "half", "prefix"]

    def __init__(self, random, last_index):
        self.random = random
        self.way = random.choice(self.WAYS)
        self.name_way = random.choice(self.WAYS)
        self.limit = last_index - int(random.expovariate(1 / 8))
        self.of_file = {}

    def decide(self, way, index, node):
        if way == "files":
            return self.of_file.setdefault(node, self.random.random() < 0.5)
        if way == "prefix":
            return index <= self.limit
        likely = {"nothing": 0.0, "everything": 1.0, "half": 0.5, "few": 0.1, "most": 0.9}[way]
        return self.random.random() < likely

    def name(self, index):
        return self.decide(self.name_way if self.name_way != "files" else "half", index, None)

    def version(self, node, versions):
        present = [content for index, content in versions if self.decide(self.way, index, node)]
        return present[-1] if present else None

    def size(self, node, sizes):
        present = [size for index, size in sizes if index < 0 or self.decide(self.way, index, node)]
        return present[-1]

    def volatile(self, size):
        return self.random.choice([b"", bytes(size), b"\xa5" * size])


def write_image(found, target):
    os.makedirs(target, exist_ok=True)
    for path, content in found:
        if content is None:
            os.makedirs(f"{target}/{path}", mode=0o700, exist_ok=True)
            continue
        descriptor = os.open(f"{target}/{path}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            view = memoryview(bytes(content))
            while view:
                view = view[os.write(descriptor, view):]
        finally:
            os.close(descriptor)


def compare(disk, root):
    """Where the record does not give the real files: calls that the shim did not see."""
    wrong = []
    real = {}
    for directory, names, files in os.walk(root):
        relative = os.path.relpath(directory, root)
        prefix = "" if relative == "." else relative + "/"
        for name in names + files:
            real[prefix + name] = f"{directory}/{name}"
    known = dict(disk.tree())
    wrong += [f"{path}: not in the record" for path in sorted(real.keys() - known.keys())]
    wrong += [f"{path}: only in the record" for path in sorted(known.keys() - real.keys())]
    for path in sorted(real.keys() & known.keys()):
        node = known[path]
        if node.is_directory != os.path.isdir(real[path]):
            wrong.append(f"{path}: a directory in one of them only")
        elif not node.is_directory and not node.is_volatile:
            with open(real[path], "rb") as file:
                if file.read() != bytes(node.current):
                    wrong.append(f"{path}: other bytes than the record says")
    return wrong
