"""A line that breaks: delays, cuts and half-closes connections at random bytes, in both directions."""

import random
import socket
import struct
import threading
import time


class Proxy:
    """Listens on a port of its own, and goes on to wherever the server listens now."""

    def __init__(self, address, seed):
        self.address, self.random = address, random.Random(f"{seed}-proxy")
        self.is_calm = False
        self.counts = {"connections": 0, "cuts": 0, "half-closes": 0, "stalls": 0}
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.counts["connections"] += 1
            # Drawn here, so that what becomes of the n-th connection is the seed's.
            seed = self.random.getrandbits(64)
            threading.Thread(target=self.carry, args=(client, seed), daemon=True).start()

    def carry(self, client, seed):
        address = self.address()
        try:
            server = socket.create_connection(address, timeout=2) if address else None
        except OSError:
            server = None
        if server is None:
            client.close()
            return
        for end in (client, server):
            end.settimeout(None)
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for number, (source, sink) in enumerate([(client, server), (server, client)]):
            line = random.Random(f"{seed}-{number}")
            threading.Thread(target=self.pump, args=(source, sink, line), daemon=True).start()

    def pump(self, source, sink, line):
        left = int(line.expovariate(1 / 9000))
        end = line.choice(["cuts", "cuts", "half-closes", "stalls"])
        try:
            while data := source.recv(line.choice([1, 13, 700, 65536])):
                if line.random() < 0.03 and not self.is_calm:
                    time.sleep(line.random() * 0.02)
                if left < len(data) and not self.is_calm:
                    sink.sendall(data[:left])
                    data = data[left:]
                    self.counts[end] += 1
                    if end == "cuts":
                        cut(source)
                        cut(sink)
                        return
                    if end == "half-closes":
                        break
                    time.sleep(line.random())
                    left = int(line.expovariate(1 / 9000))
                left -= len(data)
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            cut(sink)


def cut(end):
    """Closes with a reset: what is under way is lost."""
    try:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        end.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    end.close()
