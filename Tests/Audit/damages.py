#!/usr/bin/env python3
"""Damages a data directory in every way that the auditor says it would notice, and has it notice.

    damages.py DIRECTORY [CASE …]

Each case (cases.py) changes a copy: bytes, the journal's events (with lengths, checks and chain made right again, and the dumps
folded anew from what the events then say, so that nothing but the one claim is broken), or the dumps. The auditor must
end with 1, name the place, and find wrong exactly the checks that the case is against.
"""
import sys
import tempfile

sys.dont_write_bytecode = True
from cases import CASES  # noqa: E402
from changes import lagging  # noqa: E402
from store import Case, Store, run  # noqa: E402


def judge(store, case):
    """What is wrong with what the auditor said; None if nothing is."""
    with tempfile.TemporaryDirectory() as folder:
        status, report = run(store, case, folder)
    found = {check["check"]: check["problems"] for check in report["checks"] if check["result"] == "WRONG"}
    if status != 1:
        return f"the auditor ended with {status}: {report}"
    if set(found) != case.checks:
        return f"found {found}"
    if not any(case.place in problem for problems in found.values() for problem in problems):
        return f"did not name {case.place!r}: {found}"
    return None


def main():
    store = Store(sys.argv[1])
    wanted = sys.argv[2:]
    failures = 0
    for case in [Case("a store that was killed", "", "", tables=lagging), Case("nothing", "", "")]:
        with tempfile.TemporaryDirectory() as folder:
            status, report = run(store, case, folder)
        if status != 0:
            print(f"{case.name}: the auditor ended with {status}: {report}", file=sys.stderr)
            return 1
    for case in CASES:
        if wanted and case.name not in wanted:
            continue
        if problem := judge(store, case):
            failures += 1
            print(f"NOT FOUND AS IT SHOULD BE: {case.name}: {problem}", file=sys.stderr)
    checks = {check for case in CASES for check in case.checks}
    unbroken = {check["check"] for check in report["checks"]} - checks
    if unbroken:
        print(f"nothing is against {', '.join(unbroken)}", file=sys.stderr)
    print(f"{len(CASES)} damages, {failures} not found as they should be")
    return 1 if failures or unbroken else 0


if __name__ == "__main__":
    sys.exit(main())
