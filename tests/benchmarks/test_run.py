from __future__ import annotations

import doctest
import importlib
import json
import pkgutil
from pathlib import Path

import pytest

import benchmarks
from benchmarks import run
from benchmarks.machine import versions
from benchmarks.process import CommandError
from benchmarks.rounds import Comparison, Times
from benchmarks.setting import Section, Setting

KINDS = ("onnxruntime",)


def simple(name: str) -> Section:
    return Section(name, "note", (Comparison(name, "a", (Times("a", 4, (2.0,)),)),))


@pytest.fixture
def sections(monkeypatch: pytest.MonkeyPatch) -> list[Setting]:
    """Three sections, the last of which fails; the settings that they were given."""
    given: list[Setting] = []

    def first(setting: Setting) -> Section:
        given.append(setting)
        return simple("one")

    def second(setting: Setting) -> Section:
        given.append(setting)
        return simple("two")

    def fails(_: Setting) -> Section:
        raise CommandError("'ctiqa score' ended with status 2: no")

    monkeypatch.setattr(run, "SECTIONS", {"first": first, "second": second, "fails": fails})
    return given


def settled(*arguments: str) -> Setting:
    return run.settle(run.parse(arguments), Path("folder"), KINDS)


def test_defaults_are_those_of_the_setting() -> None:
    asked = settled("--jobs", "2")
    assert asked == Setting(Path("folder"), KINDS, 2, tell=asked.tell)


def test_quick_gives_way_to_what_is_said() -> None:
    asked = settled("--quick", "--slices", "7", "--sides", "512", "256", "512")
    assert (asked.slices, asked.sides) == (7, (256, 512))
    assert (asked.starts, asked.repeats, asked.memory_slices) == (3, 1, (20, 60))


@pytest.mark.parametrize("wrong", ["0", "-1", "1.5", "many", ""])
def test_numbers_must_be_whole_and_positive(wrong: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as status:
        run.parse(["--repeats", wrong])
    assert status.value.code == 2
    assert "must be a whole number >= 1" in capsys.readouterr().err


def test_compared_slices_must_fill_the_batches(capsys: pytest.CaptureFixture[str]) -> None:
    assert run.parse(["--compared", "24"]).compared == 24
    with pytest.raises(SystemExit) as status:
        run.parse(["--compared", "12"])
    assert status.value.code == 2
    assert "--compared must be a multiple of 8, got 12" in capsys.readouterr().err


def test_unknown_sections_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as status:
        run.parse(["--only", "nothing"])
    assert status.value.code == 2
    assert "competitors" in capsys.readouterr().err


def test_sections_that_are_asked_for_run_in_their_order(
    sections: list[Setting], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "bench.json"
    asked = ["--only", "second", "first", "--engines", "onnxruntime", "--out", str(out)]
    assert run.main(asked) == 0
    found = json.loads(out.read_text(encoding="utf-8"))
    assert list(found["sections"]) == ["first", "second"]
    assert found["engines"] == {"onnxruntime": "float32"}
    assert found["versions"] == versions()
    assert found["settings"]["repeats"] == 3
    assert found["machine"]["cores"] >= 1
    assert [each.engines for each in sections] == [KINDS, KINDS]
    printed = capsys.readouterr().out
    assert printed.index("one") < printed.index("two")
    assert "bench.json" in printed


def test_a_failure_keeps_what_was_measured_before(
    sections: list[Setting], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "bench.json"
    assert run.main(["--only", "first", "fails", "--out", str(out)]) == 1
    assert list(json.loads(out.read_text(encoding="utf-8"))["sections"]) == ["first"]
    assert capsys.readouterr().err == "error: 'ctiqa score' ended with status 2: no\n"


def test_without_an_engine_nothing_is_measured(
    sections: list[Setting], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("ctiqa.system.extras.find_spec", lambda _: None)
    assert run.main(["--engines", "openvino"]) == 1
    assert "pip install 'ctiqa[fast]'" in capsys.readouterr().err
    assert sections == []


def test_libraries_that_are_missing_have_no_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.machine.LIBRARIES", ("numpy", "no-such-library-anywhere"))
    assert list(versions()) == ["numpy"]


@pytest.mark.parametrize("load", [0.0, 8.0])
def test_a_busy_machine_is_told(
    load: float,
    sections: list[Setting],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(run, "load", lambda: load)
    monkeypatch.setattr("benchmarks.machine.cores", lambda: 2)
    assert run.main(["--only", "first", "--engines", "onnxruntime"]) == 0
    assert ("others use this machine" in capsys.readouterr().out) == (load == 8.0)


@pytest.mark.parametrize("name", [each.name for each in pkgutil.iter_modules(benchmarks.__path__)])
def test_examples_in_docstrings(name: str) -> None:
    module = importlib.import_module(f"benchmarks.{name}")
    assert doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE).failed == 0
