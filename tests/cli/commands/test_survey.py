"""``ctiqa survey`` as it is typed: exit statuses, outputs, what is said and what is not."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.archive.made import write_archive, write_slices
from tests.cli.conftest import Outcome, Run

from ctiqa.cli.console import progress


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_archive(tmp_path / "archive", 2)


@pytest.fixture
def survey(run: Run, tmp_path: Path, model: Path) -> Run:
    """Survey into a store with a quick model."""

    def call(*words: str | Path) -> Outcome:
        store = tmp_path / "ct.sqlite"
        return run("survey", *words, "--store", store, "--model", model, "--jobs", "1")

    return call


def summary(file: Path) -> dict[str, object]:
    found = json.loads(file.read_bytes())
    assert isinstance(found, dict)
    return found


def test_everything_is_scored_and_then_nothing(survey: Run, root: Path) -> None:
    done = survey(root)
    assert (done.status, done.err) == (0, "")
    assert done.out.splitlines() == [
        "Files    4 listed, 0 unchanged",
        "Series   2 new in the store",
    ]
    done = survey(root)
    assert (done.status, done.err) == (0, "")
    assert done.out.splitlines() == [
        "Files    4 listed, 4 unchanged",
        "Series   0 new in the store",
    ]


def test_every_number_is_named(survey: Run, root: Path) -> None:
    survey(root)
    write_slices(root / "new", 7, ProtocolName="Head")
    write_slices(root / "foot", 8, ProtocolName="Foot")
    (root / "letter.pdf").write_bytes(b"%PDF-1.7")
    (root / "s1").rename(root / "moved")
    done = survey(root, "--where", "protocol=Head")
    assert done.status == 3
    assert done.out.splitlines() == [
        "Files    9 listed, 2 unchanged, 2 gone since the last survey",
        "Series   1 new in the store, 2 not chosen",
        "Skipped  1 file ('--skipped FILE.csv' lists them):",
        "        1 × not an image format that ctiqa reads (unknown_format)",
        "            a PDF document: pass the original CT images",
    ]
    done = survey(root)
    assert done.status == 0
    assert done.out.splitlines()[1] == "Series   1 new in the store, 1 already there"


def test_the_summary_and_the_list_of_skipped_files(survey: Run, root: Path, tmp_path: Path) -> None:
    (root / "letter.pdf").write_bytes(b"%PDF-1.7")
    (root / "empty.dcm").touch()
    out, table = tmp_path / "s.json", tmp_path / "s.csv"
    done = survey(root, "--out", out, "--skipped", table)
    assert done.status == 3
    assert "lists them" not in done.out
    found = summary(out)
    assert found["complete"] is False
    assert found["files"] == {"listed": 6, "unchanged": 0, "gone": 0}
    assert found["series"] == {"stored": 2, "known": 0, "left_out": 0}
    assert found["skipped"] == {"empty_file": 1, "unknown_format": 1}
    rows = list(csv.DictReader(table.read_text(encoding="utf-8-sig").splitlines()))
    assert [(Path(row["file"]).name, row["reason"]) for row in rows] == [
        ("empty.dcm", "empty_file"),
        ("letter.pdf", "unknown_format"),
    ]
    assert [row["detail"] for row in rows] == [
        "the file holds no bytes",
        "a PDF document: pass the original CT images",
    ]
    assert survey(root, "--out", out, "--skipped", table).status == 0
    assert summary(out)["complete"] is True
    assert len(table.read_text(encoding="utf-8-sig").splitlines()) == 1


def test_nothing_at_all(survey: Run, tmp_path: Path) -> None:
    (tmp_path / "archive").mkdir()
    done = survey(tmp_path / "archive")
    assert (done.status, done.out) == (4, "")
    assert done.err.startswith("error: no file in ")


def test_nothing_but_clutter(survey: Run, tmp_path: Path) -> None:
    (tmp_path / "archive").mkdir()
    (tmp_path / "archive" / "letter.pdf").write_bytes(b"%PDF-1.7")
    assert survey(tmp_path / "archive").status == 4
    assert survey(tmp_path / "archive").status == 0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("none",), "must be a file or folder, got nothing there"),
        ((".", "--since", "yesterday"), "'since' must be a day"),
        ((".", "--since", "2026-03-02", "--until", "2026-03-01"), "'until' must not be before"),
        ((".", "--where", "score>3"), "known only after scoring"),
        ((".", "--sample", "0"), "'sample' must be at least 1"),
        ((".", "--out", "summary.csv"), "'out' must end in .json"),
        ((".", "--skipped", "skipped.txt"), "'skipped' must end in .csv"),
        ((".", "--parts", "parts"), "'--parts' is for '--cluster' and '--shard'"),
    ],
    ids=str,
)
def test_wrong_usage(
    survey: Run,
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    sentence: str,
) -> None:
    monkeypatch.chdir(root)
    done = survey(*words)
    assert (done.status, done.out) == (2, "")
    assert sentence in done.err
    assert len(done.err.splitlines()) == 1


def test_a_manifest_is_refused_before_files_are_listed(run: Run, tmp_path: Path) -> None:
    done = run("survey", "list", tmp_path / "none", "--out", tmp_path / "list.json")
    assert done.status == 2
    assert "a manifest must end in .csv or .parquet" in done.err


def test_a_store_must_be_named(run: Run, root: Path) -> None:
    done = run("survey", root)
    assert done.status == 2
    assert "'--store' is missing" in done.err


def test_the_default_command_has_no_name(run: Run, root: Path, tmp_path: Path) -> None:
    out = tmp_path / "s.json"
    run("survey", root, "--store", tmp_path / "s.sqlite", "--out", out)
    assert str(summary(out)["command"]).startswith(f"ctiqa survey {root}")
    assert "(see 'ctiqa survey --help')" in run("survey").err
    assert "(see 'ctiqa survey merge --help')" in run("survey", "merge").err


def test_a_shard_says_where_results_are(run: Run, root: Path, tmp_path: Path) -> None:
    done = run("survey", root, "--shard", "1/1", "--parts", tmp_path / "parts")
    assert done.out.splitlines()[1] == "Series   2 new in the parts"


def test_a_wrong_shard_is_refused_before_files_are_listed(run: Run, tmp_path: Path) -> None:
    done = run("survey", tmp_path / "none", "--shard", "3/2", "--parts", tmp_path / "parts")
    assert done.status == 2
    assert "'shard' must be I/N" in done.err


def test_a_store_keeps_its_privacy(survey: Run, root: Path) -> None:
    assert survey(root, "--uids", "hashed").status == 0
    done = survey(root, "--uids", "plain")
    assert done.status == 2
    assert "'uids' of" in done.err
    assert survey(root).status == 0


def test_quiet(survey: Run, root: Path, tmp_path: Path) -> None:
    out = tmp_path / "s.json"
    done = survey(root, "--quiet", "--out", out)
    assert (done.status, done.out, done.err) == (0, "", "")
    assert summary(out)["series"] == {"stored": 2, "known": 0, "left_out": 0}


def test_progress_when_piped(survey: Run, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "FIRST_LINE_S", 0.0)
    monkeypatch.setattr(progress, "BETWEEN_LINES_S", 0.0)
    monkeypatch.setattr(progress, "SHARE", 0.0)
    done = survey(root)
    lines = done.err.splitlines()
    assert [line.partition(",")[0] for line in lines if line.startswith("Surveying: ")][:2] == [
        "Surveying: 0 of 4",
        "Surveying: 1 of 4",
    ]
    assert all(line.endswith(" left") for line in lines)
    assert str(root) not in done.err


def test_a_server_that_is_not_there(run: Run, root: Path, model: Path) -> None:
    address = "postgresql://ctiqa:s3cret%2Fword@127.0.0.1:9/ct"
    done = run("survey", root, "--store", address, "--model", model)
    assert (done.status, done.out) == (4, "")
    assert len(done.err.splitlines()) == 1
    assert "127.0.0.1" in done.err
    assert "s3cret" not in done.err


def test_help_is_of_the_survey(run: Run) -> None:
    for words in (("survey", "--help"), ("survey", "archive", "--help")):
        said = run(*words).out
        assert "--since" in said
        assert "not opened" in " ".join(said.split())


def test_help_loads_neither_the_database_nor_numpy() -> None:
    code = (
        "import sys, ctiqa\n"
        "from ctiqa.cli import main\n"
        "for words in (['--help'], ['survey', '--help']):\n"
        "    try:\n"
        "        main(words)\n"
        "    except SystemExit:\n"
        "        pass\n"
        "heavy = {'sqlalchemy', 'alembic', 'numpy', 'polars', 'pydicom', 'dask'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "[]\n"


def test_plain_tcp_to_another_computer_is_refused(survey: Run, root: Path) -> None:
    done = survey(root, "--cluster", "tcp://192.0.2.1:8786")
    assert done.status == 2
    assert "--cluster-insecure" in done.err
