"""The server of a shop, run from outside."""
import os
import re
import subprocess
import time


class ToolFailed(AssertionError):
    """A command did not do what it was to."""


class Server:
    """The server in a directory: started, killed, and asked where it listens."""

    def __init__(self, pinvault, folder):
        self.pinvault, self.folder, self.process, self.starts, self.office_port = pinvault, folder, None, 0, None
        # It is started again where it was, so that whoever waits for it finds it.
        self.flags, self.port = [], 0
        # Besides the caller's own.
        self.environment = {}
        self.log_path = os.path.join(folder, "server.log")
        self.log = open(self.log_path, "ab")

    def start(self):
        begin = self.log.tell()
        self.process = subprocess.Popen(
            [self.pinvault, "serve", "--data", "vault", "--master-key", "vault.master-key", "--port", str(self.port), "--no-status",
             "--office-port", "0", *self.flags], cwd=self.folder, env=os.environ | self.environment,
            stdout=self.log, stderr=self.log)  # fmt: skip
        self.starts += 1
        give_up = time.monotonic() + 60
        while True:
            with open(self.log_path, encoding="utf-8") as log:
                log.seek(begin)
                said = log.read()
            ports = re.findall(r"(the back office listens|info listening) .*?\bport=(\d+)", said)
            if len(ports) == 2:
                ports = dict(ports)
                self.office_port = int(ports["the back office listens"])
                self.port = int(ports["info listening"])
                return
            if self.process.poll() is not None or time.monotonic() > give_up:
                raise AssertionError(f"the server does not start: it ended with {self.process.poll()}")
            time.sleep(0.01)

    def end(self, how):
        self.office_port = None
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(60)
        self.log.seek(0, os.SEEK_END)
        return self.process.returncode

    def tool(self, *arguments):
        known = {"PINVAULT_ACTOR": "admin", "PINVAULT_KEY_FILE": "vault.admin.key"}
        if self.process:
            known["PINVAULT_SERVER"] = f"127.0.0.1:{self.port}"
        done = subprocess.run([self.pinvault, *arguments], cwd=self.folder, env=os.environ | known, capture_output=True)
        if done.returncode:
            raise ToolFailed(f"{' '.join(arguments)} ended with {done.returncode}: {done.stderr.decode()}")
        return done.stdout
