"""Ten seconds of broken files of every kind: each is read or refused, and nothing else."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.fuzz import child, report
from tests.fuzz import drive as drive_module
from tests.fuzz.drive import Finding, Tally, drive
from tests.fuzz.targets import READ, TARGETS, Input, Target, count_of_seeds, make_input

SECONDS, SEED, AT_A_TIME = 10.0, 13, 2
ENDLESS = Target("endless", "a", list, lambda _path, _lenient: (READ, []))


@pytest.fixture(scope="module")
def tallies(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Tally]:
    """What came of each target, two of them at a time."""
    out = tmp_path_factory.mktemp("fuzz")
    with ThreadPoolExecutor(AT_A_TIME) as hands:
        runs = hands.map(
            lambda name: drive(name, seed=SEED, seconds=SECONDS, most=None, out=out), TARGETS
        )
        return dict(zip(TARGETS, runs, strict=True))


@pytest.mark.parametrize("name", TARGETS)
def test_broken_files_are_read_or_refused(name: str, tallies: dict[str, Tally]) -> None:
    tally = tallies[name]
    assert [(each.kind, each.what, each.number) for each in tally.examples] == []
    assert tally.inputs > count_of_seeds(TARGETS[name])
    assert set(tally.ends) - {READ}, "nothing was broken enough to be refused"


@pytest.mark.parametrize("name", TARGETS)
def test_good_files_are_read(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise the breaking would break nothing."""
    # The peak of this process is that of all tests before.
    monkeypatch.setattr(child, "MAX_PEAK_MB", float("inf"))
    target = TARGETS[name]
    path = child.prepare(target, tmp_path)
    for number in range(count_of_seeds(target)):
        end, kind, what = child.examine(target, make_input(target, SEED, number), path)
        assert (number, end, kind, what) == (number, READ, "", "")


@pytest.mark.parametrize("name", TARGETS)
def test_an_input_is_made_again_from_its_number(name: str) -> None:
    number = count_of_seeds(TARGETS[name]) + 5
    made = [make_input(TARGETS[name], SEED, number).content for _ in range(2)]
    assert made[0] == made[1]
    assert made[0] != make_input(TARGETS[name], SEED, number + 1).content


def fails(_path: Path, _lenient: bool) -> tuple[str, list[str]]:
    raise ZeroDivisionError("a bug")


def names(_path: Path, _lenient: bool) -> tuple[str, list[str]]:
    return READ, ["Zyxwvut is here"]


def rings(_path: Path, _lenient: bool) -> tuple[str, list[str]]:
    return READ, ["a bell \a"]


def test_findings_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Input(b"", is_named=True, lenient=False)
    kinds = []
    for door in (fails, names, rings):
        target = Target("t", "a", list, door)
        kinds.append(child.examine(target, made, tmp_path / "a")[1])
    assert kinds == ["uncaught", "text", "text"]
    monkeypatch.setattr(child, "MAX_PEAK_MB", 1)
    assert child.examine(ENDLESS, made, tmp_path / "a")[1] == "memory"


FRAGILE = """
import json, os, sys, time
print("ready", flush=True)
for number in range(int(sys.argv[3]), 99):
    if number == 3:
        os.abort()
    if number == 5:
        time.sleep(60)
    kind = "memory" if number == 7 else ""
    print(json.dumps([number, "read", kind, ""]), flush=True)
    if kind:
        break
"""
"""A child that crashes at input 3, hangs at input 5 and takes too much memory at input 7."""


def test_a_child_that_dies_or_hangs_is_a_finding_and_not_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drive_module, "CHILD", ("-c", FRAGILE))
    monkeypatch.setattr(drive_module, "MAX_SECONDS", 2.0)
    tally = drive("hashes", seed=SEED, seconds=60, most=10, out=tmp_path)
    assert tally.findings == {"crash": 1, "slow": 1, "memory": 1}
    assert [(each.kind, each.number) for each in tally.examples] == [
        ("crash", 3),
        ("slow", 5),
        ("memory", 7),
    ]
    again = make_input(TARGETS["hashes"], SEED, 3).content
    assert Path(tally.examples[0].file).read_bytes() == again
    assert tally.inputs == 10


def test_the_table_adds_up(tmp_path: Path) -> None:
    one = Tally("one", 1, inputs=5)
    one.ends.update({READ: 2, "corrupt": 2, "error": 1})
    one.findings["uncaught"] = 1
    one.examples.append(Finding("one", "uncaught", "x", 1, 4))
    report.save(one, tmp_path)
    report.save(Tally("one", 2, inputs=1), tmp_path)
    assert [(tally.inputs, tally.read) for tally in report.load(tmp_path)] == [(6, 2)]
    last = report.table([one, one]).splitlines()[-1]
    assert last == "| all | 10 | 4 | 4 | 2 | 0 | 0 | 0 | 0 |"
