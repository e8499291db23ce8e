"""What the audit proves, and what it found against it."""

CHECKS = [
    ("chain", "the journal's blocks follow one another from the first to the head; times never go back"),
    ("events", "every event reads as the format says, and says the same twice where it says it twice"),
    ("actors", "who did it existed, was not revoked, and had a role for it"),
    ("numbering", "products, actors, vendors, purchases, lots and cards are numbered without a gap"),
    ("custody", "cards are taken from where they are, whole: no card was in two places at any time"),
    ("placing", "each move names the event that had placed its cards, and those of their neighbours in stock"),
    ("ids", "each id was used once, and later by its own actor or one who may"),
    ("states", "reservations went from state to state as they may, and in time"),
    ("disclosure", "no PIN was told but of a card sold to that id; none told came back as regular but by a named word"),
    ("orders", "an order went from where it stood to where it may, its cards and its mail with it, in one event"),
    ("purchasing", "a purchase order went from where it stood to where it may, with what its imports brought"),
    ("approvals", "what needs a second person was approved by one, exactly so, in time, and used once"),
    ("prices", "prices, discounts, credits and shift totals are those fixed when the cards were reserved"),
    ("limits", "nobody took, or was told again, more than the limits of the time allowed"),
    ("balance", "received = stock + reserved + delivered + quarantined + void, by product and condition"),
    ("head", "the head is the one noted elsewhere, and the one the checkpoint or the backup names"),
    ("tables", "the tables of the state are what the journal folds to"),
    ("deadlines", "the table of deadlines has each that is due some time, and no other"),
    ("tiling", "stock and custody, as dumped, hold every card id exactly once"),
    ("cards", "every card that was received has its sealed row, once, and no other has one"),
    ("indexes", "each serial and each fingerprint leads to one card that has it, each card to one of each"),
    ("documents", "each sealed document is the one that the journal names"),
    ("clear text", "no known PIN stands in any file"),
]  # fmt: skip
MOST_TOLD = 20


class Findings:
    """Collects, for each check, how much was looked at and what is wrong."""

    def __init__(self):
        self.problems = {name: [] for name, _ in CHECKS}
        self.counts = {name: 0 for name, _ in CHECKS}
        self.looked_at = {name: None for name, _ in CHECKS}

    def problem(self, check, where, text):
        self.counts[check] += 1
        if len(self.problems[check]) < MOST_TOLD:
            self.problems[check].append(f"{where}: {text}")

    def look(self, check, text):
        """Says what a check has looked at; one that nothing was said of did not run."""
        self.looked_at[check] = text

    @property
    def is_sound(self):
        return not any(self.counts.values())

    def result(self, name):
        if self.counts[name]:
            return "WRONG"
        return "proved" if self.looked_at[name] is not None else "not looked at"

    def as_object(self):
        return [{
            "check": name, "claim": claim, "result": self.result(name), "looked_at": self.looked_at[name],
            "problem_count": self.counts[name], "problems": self.problems[name],
        } for name, claim in CHECKS]  # fmt: skip

    def as_text(self):
        lines = []
        for name, claim in CHECKS:
            lines.append(f"{self.result(name):13}  {name:10}  {claim}")
            if self.looked_at[name]:
                lines.append(f"{'':27}{self.looked_at[name]}")
            lines += [f"{'':27}! {problem}" for problem in self.problems[name]]
            more = self.counts[name] - len(self.problems[name])
            if more:
                lines.append(f"{'':27}! and {more:,} more")
        return "\n".join(lines)
