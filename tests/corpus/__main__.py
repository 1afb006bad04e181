"""Try every row of the corpus and count what is right and what is wrong.

``python -m tests.corpus`` prints the table; with ``--report`` it goes into docs/reliability.md too.
The exit status is 1 where something is wrong.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter

from tests.corpus import page
from tests.corpus.case import Case
from tests.corpus.kinds import HOSTILE, ORDINARY, tried


def must_be_read(case: Case) -> bool:
    """Whether refusing a case would be wrong."""
    return all(right.hu is not None and not right.reasons for right in case.answers)


def must_be_refused(case: Case) -> bool:
    """Whether reading a case would be wrong."""
    return all(right.hu is None and not right.untold for right in case.answers)


def table(wrong: Counter[str]) -> str:
    """One row a kind, and their sum."""
    kinds = {**ORDINARY, **HOSTILE}
    head = ("kind", "cases", "must be read", "must be refused", "either", "wrong")
    rows: list[tuple[str, ...]] = [head]
    rows += [_row(kind, cases, wrong[kind]) for kind, cases in kinds.items()]
    every = tuple(case for cases in kinds.values() for case in cases)
    rows.append(_row("all", every, wrong.total()))
    return page.markdown(rows)


def _row(name: str, cases: tuple[Case, ...], wrong: int) -> tuple[str, ...]:
    read, refused = sum(map(must_be_read, cases)), sum(map(must_be_refused, cases))
    counts = (len(cases), read, refused, len(cases) - read - refused, wrong)
    return (name, *map(str, counts))


def main(arguments: list[str]) -> int:
    """Do what the command line says; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.corpus")
    parser.add_argument("--report", action="store_true", help="write docs/reliability.md")
    given = parser.parse_args(arguments)
    wrong: Counter[str] = Counter()
    for kind, case, complaint in tried():
        if complaint:
            wrong[kind] += 1
            print(f"{kind}: {case.name}: {complaint}", file=sys.stderr)
    print(table(wrong))
    if given.report:
        page.publish("corpus", table(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
