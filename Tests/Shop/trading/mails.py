"""The mail server of a shop, run from outside, and what it was handed."""
import collections
import email
import email.policy
import os
import re
import subprocess
import time

SHOP = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
# Who is mailed the payment cards, sealed.
CARDS_GO_TO = "cards@example.com"


class MailServer:
    def __init__(self, folder, refused):
        self.folder = os.path.join(folder, "mails")
        os.mkdir(self.folder)
        # Debian's own Python has Debian's aiosmtpd.
        self.process = subprocess.Popen(
            ["/usr/bin/python3", os.path.join(SHOP, "mail-server"), self.folder, "--refuse", str(refused)])
        give_up = time.monotonic() + 60
        while not os.path.exists(os.path.join(self.folder, "port")):
            if time.monotonic() > give_up:
                raise AssertionError("the mail server does not start")
            time.sleep(0.01)
        with open(os.path.join(self.folder, "port"), encoding="ascii") as file:
            self.port = int(file.read())

    def received(self, first=0):
        """Every mail as it came, in the order in which they came, but for so many."""
        for name in sorted(name for name in os.listdir(self.folder) if name.endswith(".mail"))[first:]:
            with open(os.path.join(self.folder, name), "rb") as file:
                yield email.message_from_binary_file(file, policy=email.policy.default)

    def mails(self):
        """By Message-ID: subject, order and all that is to be read in it, its text first, of each copy."""
        mails = collections.defaultdict(list)
        for mail in self.received():
            if mail["X-Recipient"] == CARDS_GO_TO:
                continue
            text = "".join(part.get_content() for part in mail.walk() if not part.is_multipart())
            order = re.search(r"^Order ([0-9a-f-]{36})", text, re.M).group(1)
            mails[mail["Message-ID"]].append((mail["Subject"], order, text))
        return mails

    def end(self):
        self.process.terminate()
        self.process.wait(60)
