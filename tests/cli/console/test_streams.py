"""What happens to standard output and error changes the look, never the files or the status."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from tests.cli.conftest import shell
from tests.score.made import write_series

from ctiqa.cli.console.streams import harden

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")

SCORE = '$ctiqa score "$1" --model "$2" --out "$3"'

STREAMS = {
    "closed by the reader": f"{SCORE} | true; exit ${{PIPESTATUS[0]}}",
    "closed after a line": f"{SCORE} | head -1; exit ${{PIPESTATUS[0]}}",
    "both closed by the reader": f"{{ {SCORE} 2>&1; echo $? > $3.rc; }} | true; exit $(cat $3.rc)",
    "full": f"{SCORE} > /dev/full",
    "both full": f"{SCORE} > /dev/full 2>&1",
    "closed output": f"{SCORE} >&-",
    "closed error": f"{SCORE} 2>&-",
    "both closed": f"{SCORE} >&- 2>&-",
    "all closed": f"{SCORE} <&- >&- 2>&-",
    "unbuffered and full": f"PYTHONUNBUFFERED=1 {SCORE} > /dev/full",
    "unbuffered and closed by the reader": (
        f"PYTHONUNBUFFERED=1 {SCORE} | true; exit ${{PIPESTATUS[0]}}"
    ),
}

TERMINALS: dict[str, dict[str, str]] = {
    **{f"in {name}": {"PYTHONIOENCODING": name} for name in ("ascii", "cp437", "cp932", "latin-1")},
    **{f"in {name}": {"PYTHONIOENCODING": name} for name in ("utf-16", "ascii:strict", "cp037")},
    "dumb": {"TERM": "dumb"},
    "one column": {"COLUMNS": "1", "LINES": "1"},
    "endless columns": {"COLUMNS": "99999999999", "TERMINAL_WIDTH": "99999999999"},
    "odd columns": {"COLUMNS": "²", "LINES": "-5", "TERMINAL_WIDTH": "wide"},
    "coloured": {"FORCE_COLOR": "1"},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A series whose kernel and folder have characters that few encodings know."""
    place = tmp_path_factory.mktemp("scans") / "Größe 頭部 ✓"
    return write_series(place, 2, ConvolutionKernel="B40f–κ", SpecificCharacterSet="ISO_IR 192")


@pytest.mark.parametrize("script", STREAMS.values(), ids=STREAMS)
def test_results_are_written_wherever_the_output_goes(
    folder: Path, model: Path, tmp_path: Path, script: str
) -> None:
    out = tmp_path / "r.json"
    done = shell(script, folder, model, out)
    assert done.status == 0, done.err
    assert json.loads(out.read_bytes())["scans"][0]["n_slices"] == 2
    for word in ("Traceback", "Exception ignored", "BrokenPipe", "error"):
        assert word not in done.err


@pytest.mark.parametrize("env", TERMINALS.values(), ids=TERMINALS)
def test_terminals_change_the_look_alone(
    folder: Path, model: Path, tmp_path: Path, env: dict[str, str]
) -> None:
    out = tmp_path / "r.json"
    done = shell(SCORE, folder, model, out, env=env)
    assert (done.status, done.err) == (0, "")
    assert done.out
    assert "頭部" in json.loads(out.read_bytes())["scans"][0]["path"]


@pytest.mark.parametrize("words", ["info", "weights list", "--help"])
@pytest.mark.parametrize("where", [">/dev/full", "| true; exit ${PIPESTATUS[0]}", ">&- 2>&-"])
def test_every_command_that_prints_ends_well(words: str, where: str) -> None:
    done = shell(f"$ctiqa {words} {where}")
    assert (done.status, done.err) == (0, "")


@pytest.mark.parametrize("where", ["2>/dev/full", "2>&-", "2>&1 | true; exit ${PIPESTATUS[0]}"])
def test_an_error_that_nobody_hears_keeps_its_status(where: str) -> None:
    assert shell(f"$ctiqa score nowhere {where}").status == 2


@pytest.mark.parametrize("env", [{"COLUMNS": "99999999999"}, {"TERMINAL_WIDTH": "x"}])
def test_help_in_odd_terminals(env: dict[str, str]) -> None:
    done = shell("$ctiqa score --help", env=env)
    assert done.status == 0
    assert max(map(len, done.out.splitlines())) <= 1000


def test_a_file_never_gets_the_number_of_a_closed_stream(tmp_path: Path) -> None:
    code = (
        "import os, sys; from ctiqa.cli.console.streams import harden; harden(); "
        "print(os.open(sys.argv[1], os.O_RDONLY) > 2, file=open(sys.argv[2], 'w'))"
    )
    out = tmp_path / "out"
    shell(f'{sys.executable} -c "{code}" "$1" "$2" <&- >&- 2>&-', Path(__file__), out)
    assert out.read_text() == "True\n"


def test_streams_of_others_are_left_alone(capsys: pytest.CaptureFixture[str]) -> None:
    before = sys.stdout, sys.stderr
    harden()
    assert (sys.stdout, sys.stderr) == before


def test_names_that_are_no_text_are_read_and_written(model: Path, tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9-\xff")
    folder = write_series(tmp_path / name, 1)
    targets = [Path(tmp_path, f"{name}.{kind}") for kind in ("json", "csv", "html", "parquet")]
    command = '$ctiqa score "$1" --model "$2" --out "$3" --out "$4" --out "$5" --out "$6"'
    done = shell(command, *map(os.fsencode, [folder, model, *targets]))
    assert (done.status, done.err) == (0, "")
    assert all(target.stat().st_size > 100 for target in targets)
    assert "/caf\ufffd-\ufffd/" in json.loads(targets[0].read_bytes())["scans"][0]["path"]
