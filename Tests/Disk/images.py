"""Disks as a power cut may leave them, and looking at each: what must be on it, and whether it is."""
import hashlib
import json
import os
import queue
import random
import re
import shutil
import struct
import subprocess
import threading

import disk
import record
from rig import Failed

BLOCK = struct.Struct(">IIQQ8s32s")
PAGE = 4096


def read_blocks(segments):
    """(last event, hash) of each block, as docs/formats.md has it; `segments` are their bytes in order."""
    blocks = []
    before = None
    for segment in segments:
        place = PAGE
        while place + BLOCK.size + 4 <= len(segment):
            size, count, first, _, check, previous = BLOCK.unpack_from(segment, place)
            if size < BLOCK.size + 4 or place + size > len(segment):
                break
            block = segment[place:place + size]
            digest = hashlib.sha256(block[:24] + bytes(8) + block[32:]).digest()
            if digest[:8] != check or (before is not None and previous != before):
                break
            blocks.append((first + count - 1, digest))
            before = digest
            place += size
    return blocks


def blocks_of_nodes(directory):
    names = sorted(name for name in directory.entries if re.fullmatch(r"[0-9]+\.journal", name))
    return read_blocks([bytes(directory.entries[name].current) for name in names])


def blocks_of_files(directory):
    segments = []
    for name in sorted(name for name in os.listdir(directory) if re.fullmatch(r"[0-9]+\.journal", name)):
        with open(f"{directory}/{name}", "rb") as file:
            segments.append(file.read())
    return read_blocks(segments)


class Expectations:
    """What was told and done up to an entry."""

    def __init__(self):
        self.told = record.Told()
        self.phase = "init"
        self.sequence = 0
        self.done, self.kept, self.key = set(), set(), None

    def take(self, entry, the_disk):
        if entry.kind == record.TOLD or (entry.kind == record.SHORT and entry.bytes):
            self.told.take(entry)
            self.sequence = max(self.sequence, self.told.sequence)
        if entry.kind != record.NOTE:
            return
        what, _, name = entry.bytes.decode().partition(" ")
        if what == "phase":
            self.phase = name
        elif what == "kept":
            self.kept.add(name)
        elif what == "rekeyed":
            self.key = name
        elif what == "done":
            self.done.add(name)
            if name == "vault":
                self.sequence = max(self.sequence, blocks_of_nodes(the_disk.node("vault/journal"))[-1][0])


class Checker:
    """A process that looks at one directory after another."""

    def __init__(self, program):
        self.program = program
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [self.program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            env=os.environ | {"SWIFT_BACKTRACE": "enable=no"})

    def look(self, directory, keys, restored=None):
        task = {"directory": directory, "masterKeys": keys}
        if restored:
            task["restored"] = restored
        print(json.dumps(task), file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        if line:
            return json.loads(line)
        status = self.process.wait()
        self.start()
        return {"problems": [f"opening it ended the process with status {status}"]}

    def end(self):
        self.process.stdin.close()
        self.process.wait()


class Image:
    """One disk to be looked at, with what must be on it."""

    def __init__(self, number, directory, expected, truth, twice):
        self.number, self.directory, self.truth, self.twice = number, directory, truth, twice
        self.sequence, self.phase = expected.sequence, expected.phase
        self.done, self.kept, self.key = set(expected.done), dict.fromkeys(expected.kept), expected.key
        self.problems = []

    def path(self, name):
        return f"{self.directory}/{name}"

    def look(self, checker):
        keys = [self.path(name) for name in ["vault.master-key-2", "vault.master-key"] if os.path.exists(self.path(name))]
        keys = keys or [self.path("vault.master-key")]
        for name, content in self.kept.items():
            if not os.path.exists(self.path(name)) or open(self.path(name), "rb").read() != content:
                self.problems.append(f"{name} was said to be made, and is not there")
        for name in self.done:
            mark = "backup" if name.startswith("backup") else "format"
            if not os.path.exists(self.path(f"{name}/{mark}")):
                self.problems.append(f"{name} was said to be made, and is not there")
        for name in ["vault", "restored"]:
            if os.path.exists(self.path(f"{name}/format")):
                self.look_at_store(checker, name, keys)
            elif os.path.exists(self.path(name)):
                self.problems.append(f"there is half of {name}")
        for name in sorted(os.listdir(self.directory)):
            if name.startswith("backup") and not name.endswith(".unfinished"):
                finding = checker.look(self.path(name), keys, self.path(f"again-{name}"))
                self.problems += [f"{name}: {problem}" for problem in finding["problems"]]

    def look_at_store(self, checker, name, keys):
        again = self.path(f"{name}-again")
        if self.twice:
            shutil.copytree(self.path(name), again)
        finding = checker.look(self.path(name), keys)
        problems = finding["problems"]
        if not problems:
            problems += self.compare_journal(name, finding)
        if self.twice and not problems:
            second = checker.look(again, keys)
            problems += [f"the second time: {problem}" for problem in second["problems"]]
            for field in ["recoveredSequence", "soldCards"]:
                if second.get(field) != finding.get(field):
                    problems.append(f"recovering twice gave {field} {finding.get(field)} and {second.get(field)}")
        if name == "vault" and self.key and not problems and os.path.basename(finding["masterKey"]) != self.key:
            problems.append("the old master key still opens it, after the new one was said to")
        self.problems += [f"{name}: {problem}" for problem in problems]

    def compare_journal(self, name, finding):
        written = self.truth.get(name, [])
        found = blocks_of_files(self.path(f"{name}/journal"))
        same = 0
        while same < min(len(written), len(found)) and written[same] == found[same]:
            same += 1
        last = found[same - 1][0] if same else 0
        problems = []
        if name == "vault" and last < self.sequence:
            problems.append(f"clients were told of event {self.sequence}, and the journal has them up to {last}")
        if not found or found[-1][0] != finding["headSequence"]:
            problems.append("the journal's bytes end elsewhere than the engine says")
        return problems


def build_images(entries, root, points, seed, work, ignored=None):
    """Follows the record, and yields a disk at each of its entries named in `points`, which rise."""
    the_disk = disk.Disk(root, ignored)
    expected = Expectations()
    number = 0
    for index, entry in enumerate(entries):
        the_disk.take(entry)
        expected.take(entry, the_disk)
        truth = None
        while number < len(points) and points[number] == index:
            generator = random.Random(f"{seed} {number} {index}")
            found = the_disk.image(disk.Choice(generator, the_disk.index))
            if truth is None:
                truth = {name: blocks_of_nodes(node) for name in ["vault", "restored"]
                         if (node := the_disk.node(f"{name}/journal")) is not None}
            image = Image(number, f"{work}/image-{number}", expected, truth, generator.random() < 0.1)
            for name in image.kept:
                image.kept[name] = bytes(the_disk.node(name).current)
            disk.write_image(found, image.directory)
            yield image
            number += 1


class Looking:
    """Looks at disks with several checkers, each on a thread of its own."""

    def __init__(self, program, jobs, keep):
        self.keep, self.lock = keep, threading.Lock()
        self.queue = queue.Queue(2 * jobs)
        self.looked, self.bad, self.failure, self.phases = 0, [], None, {}
        self.threads = [threading.Thread(target=self.work, args=(program,), daemon=True) for _ in range(jobs)]
        for thread in self.threads:
            thread.start()

    def work(self, program):
        checker = Checker(program)
        while (image := self.queue.get()) is not None:
            try:
                if self.failure is None:
                    image.look(checker)
            except Exception as error:  # told by the main thread, which then fails
                self.failure = f"disk {image.number}: {error}"
                checker = Checker(program)
            with self.lock:
                self.looked += 1
                self.phases[image.phase] = self.phases.get(image.phase, 0) + 1
                if image.problems:
                    self.bad.append(image)
            if not (image.problems and self.keep):
                shutil.rmtree(image.directory, ignore_errors=True)
        checker.end()

    def take(self, image):
        self.queue.put(image)

    def end(self):
        for _ in self.threads:
            self.queue.put(None)
        for thread in self.threads:
            thread.join()
        if self.failure:
            raise Failed(self.failure)
