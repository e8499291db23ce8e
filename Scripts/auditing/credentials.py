"""Passwords and tokens: whose they are, who may change them, and which have not ended."""

from .approvals import OFF
from .rules import BITS
from .words import ACT, ADD_TOKEN, END_CREDENTIAL, SET_PASSWORD

MOST_TOKENS = 32
PASSWORD, TOKEN = 1, 2


class Credentials:
    """The part of the books that is about passwords and tokens. Mixed into `Books`."""

    def credential_changed(self, event):
        facts = event.facts
        act = dict(facts["request"])[ACT][0]
        before = self.credentials.get(facts["credential"])
        owner = facts["owner"]
        if owner not in self.actor_records:
            self.findings.problem("actors", event, "it is of an actor that does not exist")
        # Whether it is revoked or not: it may be let in again.
        roles = int.from_bytes(self.actor_records.get(owner, bytes(6))[4:6], "big")
        custodian = roles & BITS["key-custodian"] and self.approvals.rule != OFF
        is_administrator = self.roles.get(event.actor, 0) & BITS["administrator"]
        if event.actor != owner and not (is_administrator and (facts["is_ended"] or not custodian)):
            self.findings.problem("actors", event, "it changes what proves somebody else")
        if facts["is_ended"]:
            wanted = before and before["record"][:21] + b"\1" + before["record"][22:]
            if act != END_CREDENTIAL or facts["record"] != wanted:
                self.findings.problem("actors", event, "it ends a credential that does not work, or changes it")
            self.credentials.pop(facts["credential"], None)
            self.replace_documents(event, [before["document"][0]] if before else [])
            return
        mine = [known for known in self.credentials.values() if known["owner"] == owner]
        tokens = [known["name"] for known in mine if known["credential_kind"] == TOKEN]
        is_new = before is None and facts["credential"] == event.id and facts["made"] == event.time
        if not is_new or (SET_PASSWORD, ADD_TOKEN)[facts["credential_kind"] - 1] != act:
            self.findings.problem("actors", event, "a credential is not what this makes of one")
        if facts["credential_kind"] == TOKEN and (facts["name"] in tokens or len(tokens) >= MOST_TOKENS):
            self.findings.problem("actors", event, "its owner has a token of this name, or too many")
        is_password = facts["credential_kind"] == PASSWORD
        self.replace_documents(event, [known["document"][0] for known in mine
                                       if is_password and known["credential_kind"] == PASSWORD])  # fmt: skip
        if is_password:
            self.credentials = {id: known for id, known in self.credentials.items()
                                if known["owner"] != owner or known["credential_kind"] != PASSWORD}  # fmt: skip
        self.credentials[facts["credential"]] = facts
        self.name_document(event, facts["document"])

    def end_credentials(self, event):
        """Whoever is revoked or gets a new key in place of the old one keeps no password and no token."""
        facts = event.facts
        is_out = not facts["is_new"] and (facts["is_revoked"] or facts["renews_key"])
        ended = [id for id, known in sorted(self.credentials.items()) if is_out and known["owner"] == facts["actor"]]
        self.replace_documents(event, [self.credentials.pop(id)["document"][0] for id in ended])

    def credential_records(self):
        return {id: facts["record"] for id, facts in self.credentials.items()}
