from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from tests.calibration.test_file import FACTS
from tests.cli.conftest import Run
from tests.score.made import write_dicom
from tests.score.tiny_model import network

import ctiqa
from ctiqa.calibration.file import Calibration, calibration_from
from ctiqa.calibration.wanted import only_wanted
from ctiqa.cli import calibrating
from ctiqa.types import HuImage

COUNT = 22

EXAMPLE = Path(ctiqa.__file__).parent / "assets" / "example"


def disc(radius: float, side: int = 256) -> HuImage:
    """A disc of tissue; the larger, the higher the tiny model scores it."""
    down, right = np.mgrid[:side, :side] - (side - 1) / 2
    hu = np.full((side, side), -1000, dtype=np.float32)
    hu[np.hypot(down, right) < radius * side] = 40
    return hu


def readers(cases: list[str], column: str = "path") -> str:
    """Three readers who see better quality than the model, and less difference."""
    rng = np.random.default_rng(0)
    lines = [f"{column},score,reader"]
    for k, case in enumerate(cases):
        for reader, bias in (("A", 0.3), ("B", 0.0), ("C", -0.3)):
            score = 1.2 + 2.2 * k / len(cases) + bias + 0.2 * rng.standard_normal()
            lines.append(f"{case},{score:.2f},{reader}")
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Scans of one slice each, and a table of readers."""
    folder = tmp_path_factory.mktemp("clinic")
    names = []
    for k, radius in enumerate(np.linspace(0.2, 0.48, COUNT)):
        names.append(f"scans/{k:02}.dcm")
        write_dicom(folder / names[-1], disc(float(radius)), SeriesInstanceUID=f"1.2.826.{k + 1}")
    (folder / "readers.csv").write_text(readers(names))
    return folder


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A calibration of the tiny model, called ``mine``."""
    digest = hashlib.sha256(network()).hexdigest()
    file = tmp_path / "mine.json"
    calibration_from(FACTS | {"model": {"name": "tiny", "version": "1.0", "sha256": digest}}).write(
        file
    )
    return file


def test_from_a_table_of_paths_to_calibrated_scores(
    run: Run, model: Path, clinic: Path, tmp_path: Path
) -> None:
    out, report = tmp_path / "our-readers.json", tmp_path / "r.json"
    done = run("calibrate", clinic / "readers.csv", "--out", out, "--model", model)
    assert (done.status, done.err) == (0, "")
    assert "Calibration our-readers for tiny 1.0" in done.out
    assert f"{COUNT} of {COUNT} patients; {3 * COUNT} scores by 3 readers" in done.out
    assert "after, patients left out" in done.out
    assert "names no patients" in done.out
    made = Calibration.read(out)
    assert made.model_sha256 == hashlib.sha256(network()).hexdigest()
    before, after = (made.facts["agreement"][name]["mae"]["value"] for name in ("before", "after"))
    assert after < before - 0.2
    words = ("--model", model, "--calibration", out, "--out", report, "--quiet")
    assert run("score", clinic / "scans", *words).status == 0
    content = json.loads(report.read_bytes())
    assert content["model"]["calibration"] == made.summary
    first = next(s for s in content["scans"] if s["slices"][0]["file"].endswith("00.dcm"))
    assert first["score"] == pytest.approx(1.2, abs=0.4)


def test_scans_and_a_table_of_uids(run: Run, model: Path, clinic: Path, tmp_path: Path) -> None:
    table, out = tmp_path / "t.csv", tmp_path / "c.json"
    table.write_text(readers([f"1.2.826.{k + 1}" for k in range(COUNT)], "id"))
    done = run("calibrate", table, clinic / "scans", "--out", out, "--model", model, "--quiet")
    assert (done.status, done.out, done.err) == (0, "", "")
    assert Calibration.read(out).cases == COUNT
    done = run("calibrate", table, "--out", out, "--model", model)
    assert done.status == 2
    assert "'PATH' must be the files or folders" in done.err


def test_only_the_cases_are_scored(
    run: Run, model: Path, clinic: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tmp_path / "t.csv"
    table.write_text(readers([f"scans/{k:02}.dcm" for k in range(20)]))
    seen: list[tuple[int, int]] = []

    def watch(found: ctiqa.Found, *where: object) -> ctiqa.Found:
        wanted = only_wanted(found, *where)  # type: ignore[arg-type]
        seen.append((len(found.scans), len(wanted.scans)))
        return wanted

    monkeypatch.setattr(calibrating, "only_wanted", watch)
    words = ("--out", tmp_path / "c.json", "--model", model)
    assert run("calibrate", table, clinic / "scans", *words).status == 0
    assert seen == [(COUNT, 20)]


def test_a_report_instead_of_scans(run: Run, model: Path, clinic: Path, tmp_path: Path) -> None:
    report, out = tmp_path / "r.json", tmp_path / "c.json"
    run("score", clinic / "scans", "--model", model, "--out", report, "--quiet")
    table = tmp_path / "t.csv"
    table.write_text((clinic / "readers.csv").read_text())
    done = run("calibrate", table, "--report", report, "--out", out, "--name", "at home")
    assert done.status == 0
    made = Calibration.read(out)
    assert (made.name, made.cases, made.model) == ("at home", COUNT, "tiny")


def test_cases_left_out_are_listed(run: Run, model: Path, clinic: Path, tmp_path: Path) -> None:
    table = clinic / "with-more.csv"
    blank = np.where(np.eye(256) > 0, -990, -1000).astype(np.float32)
    write_dicom(clinic / "air.dcm", blank, SeriesInstanceUID="1.2.826.99")
    extra = "gone.dcm,2,A\nair.dcm,2,A\nreaders.csv,2,A\n"
    table.write_text((clinic / "readers.csv").read_text() + extra)
    done = run("calibrate", table, "--out", tmp_path / "c.json", "--model", model)
    assert done.status == 3
    assert "Left out 3 cases:" in done.out
    assert "gone.dcm (no such file)" in done.out
    assert "air.dcm (not scored by the model: air)" in done.out
    assert "readers.csv (skipped: neither DICOM" in done.out


def test_nothing_matches(run: Run, model: Path, clinic: Path, tmp_path: Path) -> None:
    table, out = tmp_path / "t.csv", tmp_path / "c.json"
    words = ("--out", out, "--model", model)
    table.write_text(readers([f"x{k}.dcm" for k in range(COUNT)]))
    alone = run("calibrate", table, *words)
    assert (alone.status, "no file of the table exists" in alone.err) == (4, True)
    elsewhere = run("calibrate", table, clinic / "scans", *words)
    assert (elsewhere.status, "no case of t.csv is among the 22 series" in elsewhere.err) == (
        4,
        True,
    )
    report = tmp_path / "r.json"
    run("score", clinic / "scans" / "00.dcm", "--model", model, "--out", report, "--quiet")
    done = run("calibrate", table, "--report", report, "--out", out)
    assert (done.status, "no case of the readers is among the scores" in done.err) == (4, True)
    assert not out.exists()


def test_files_that_were_skipped_are_named_where_no_id_matches(
    run: Run, model: Path, tmp_path: Path
) -> None:
    table, out = tmp_path / "t.csv", tmp_path / "c.json"
    table.write_text(readers([f"1.2.826.{k}" for k in range(COUNT)], "id"))
    (tmp_path / "scans").mkdir()
    (tmp_path / "scans" / "a.dcm").touch()
    done = run("calibrate", table, tmp_path / "scans", "--out", out, "--model", model)
    assert (done.status, out.exists()) == (4, False)
    assert "among the 0 series found (a.dcm: the file holds no bytes)" in done.err


def test_too_few_cases_write_nothing(run: Run, model: Path, clinic: Path, tmp_path: Path) -> None:
    table, out = clinic / "few.csv", tmp_path / "c.json"
    table.write_text(readers([f"scans/{k:02}.dcm" for k in range(19)]))
    out.write_text("before")
    done = run("calibrate", table, "--out", out, "--model", model)
    assert done.status == 2
    assert "at least 20 cases" in done.err
    assert out.read_text() == "before"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--out", "c.csv"], "'out' must end in .json"),
        (["--out", "none/c.json"], "there is no folder none"),
        (["--out", "c.json", "--score-range", "3", "3"], "two different numbers"),
        (
            ["--out", "c.json", "--report", "r.json", "--model", "m.onnx"],
            "'model' must be left out",
        ),
        (["scan", "--out", "c.json", "--report", "r.json"], "'PATH' must be left out"),
        (["--out", "r.json", "--report", "r.json"], "another file than the report"),
        (["--out", "c.json", "--report", "gone.json"], "'report' must be a readable file"),
        ([], "Missing option '--out'"),
    ],
)
def test_wrong_usage(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_text(readers(["a.dcm"]))
    Path("r.json").write_text("{}")
    done = run("calibrate", "t.csv", *words)
    assert done.status == 2
    assert message in done.err
    assert not Path("c.json").exists()


def test_a_table_that_is_not_there(run: Run, model: Path, tmp_path: Path) -> None:
    words = ("--out", tmp_path / "c.json", "--model", model)
    done = run("calibrate", tmp_path / "none.csv", *words)
    assert done.status == 2
    assert "must be a readable CSV file" in done.err


def test_stopped_while_scoring(
    run: Run, model: Path, clinic: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(calibrating, "only_wanted", stop)
    out = tmp_path / "c.json"
    done = run("calibrate", clinic / "readers.csv", "--out", out, "--model", model)
    assert done.status == 130
    assert "stopped by the user" in done.err
    assert not out.exists()


def test_every_output_names_the_calibration(
    run: Run, model: Path, tmp_path: Path, tiny: Path
) -> None:
    digest = Calibration.read(tiny).sha256
    title = f"tiny 1.0 calibrated by mine (sha256 {digest[:12]})"
    outputs = {kind: tmp_path / f"r.{kind}" for kind in ("json", "csv", "html", "parquet")}
    flags = [word for path in outputs.values() for word in ("--out", path)]
    words = ("--model", model, "--slices", "0:2", "--calibration", tiny)
    done = run("score", EXAMPLE, *words, *flags)
    assert done.status == 0
    assert f"Model {title}" in done.out
    report = json.loads(outputs["json"].read_bytes())
    assert report["model"]["calibration"] == {
        "name": "mine",
        "sha256": digest,
        "cases": 24,
        "readers": 3,
    }
    with outputs["csv"].open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["scored_by"] for row in rows} == {title}
    page = outputs["html"].read_text(encoding="utf-8")
    assert f"Model {title}" in page
    assert f"mine: scores are mapped to 3 local readers, by 24 cases (sha256 {digest})" in page
    polars = pytest.importorskip("polars")
    assert set(polars.read_parquet(outputs["parquet"])["scored_by"]) == {title}


def test_scores_and_words_are_those_of_the_readers(
    run: Run, model: Path, tmp_path: Path, tiny: Path
) -> None:
    write_dicom(tmp_path / "a.dcm", disc(0.44))
    words = ("score", tmp_path / "a.dcm", "--model", model)
    plain, mapped = run(*words), run(*words, "--calibration", tiny)
    assert "2.5 good" in plain.out
    assert "2.6 good   90 % interval 2.0–3.2" in mapped.out


def test_without_a_calibration_nothing_is_said(run: Run, model: Path, tmp_path: Path) -> None:
    out = tmp_path / "r.html"
    run("score", write_dicom(tmp_path / "a.dcm", disc(0.4)), "--model", model, "--out", out)
    assert "calibrat" not in out.read_text(encoding="utf-8")


def test_a_calibration_of_another_model(run: Run, model: Path, tmp_path: Path) -> None:
    file = tmp_path / "other.json"
    calibration_from(FACTS).write(file)
    image = write_dicom(tmp_path / "a.dcm", disc(0.4))
    done = run("score", image, "--model", model, "--calibration", file)
    assert done.status == 2
    assert "'calibration' must be made for the model that scores, 'tiny'" in done.err
    none = run("score", image, "--model", model, "--calibration", tmp_path / "none.json")
    assert (none.status, "must be a readable file" in none.err) == (2, True)
