"""What clients meant before they asked, and what they were told after: JSON lines, with monotonic times."""

import json
import threading
import time


class Notes:
    """Written line by line, each out of this process before the request is."""

    def __init__(self, path):
        self.lock, self.next = threading.Lock(), 0
        self.file = open(path, "w", encoding="ascii")

    def write(self, note):
        self.file.write(json.dumps(note, separators=(",", ":")) + "\n")
        self.file.flush()

    def ask(self, actor, operation, request):
        with self.lock:
            self.next += 1
            note = {"ask": self.next, "at": time.monotonic(), "actor": actor, "operation": operation}
            self.write(note | {"request": request})
            return self.next

    def told(self, number, answer):
        with self.lock:
            self.write({"told": number, "at": time.monotonic(), "answer": answer})


class Ask:
    """One request as it was sent once, and its answer if there was one."""

    def __init__(self, note):
        self.number, self.sent_at, self.actor = note["ask"], note["at"], note["actor"]
        self.operation, self.request = note["operation"], note["request"]
        self.told_at = self.answer = None

    def __str__(self):
        return f"ask {self.number}, {self.actor}: {self.operation} {json.dumps(self.request)}"


def read(path):
    """All asks, in the order in which they were sent."""
    asks = {}
    with open(path, encoding="ascii") as file:
        for line in file:
            note = json.loads(line)
            if "ask" in note:
                asks[note["ask"]] = Ask(note)
            else:
                ask = asks[note["told"]]
                ask.told_at, ask.answer = note["at"], note["answer"]
    return list(asks.values())
