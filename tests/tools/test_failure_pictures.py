"""The gallery of failures: what is chosen, what is counted, and what the page says."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from PIL import Image
from tests.data.collection import patient_slice
from tests.score.tiny_model import expected_members, write_model
from tests.tools.verdicts import SIDE, example, filtered, verdicts, write_shards
from tools.answer_pictures import ROOT
from tools.failure_pictures import __main__ as tool
from tools.failure_pictures import reasons
from tools.failure_pictures.gallery import FOLDER, gallery
from tools.failure_pictures.kinds import KINDS, choose
from tools.failure_pictures.picture import GAP, MOST_BYTES, SIDES, picture
from tools.failure_pictures.rates import by_degradation, by_finding
from tools.failure_pictures.said import SAID, with_verdicts

from ctiqa.catalog import DEFAULT_MODEL
from ctiqa.data.manifest import Examples, read_examples
from ctiqa.data.simulation.findings import ARTEFACT_FINDINGS
from ctiqa.errors import DataError, UsageError
from ctiqa.evaluate.degradations import DOSE_AND_VIEWS, FAMILIES
from ctiqa.recipe.network import FINDINGS, REGIONS
from ctiqa.score import Scorer
from ctiqa.weights import load_model

TITLES = [kind.title for kind in KINDS]


def chosen(title: str, *rows: dict[str, Any]) -> str | None:
    """Which of these examples stands for a kind of failure when it may choose first."""
    kinds = [kind for kind in KINDS if kind.title == title]
    row = choose(verdicts(*rows), kinds)[title]
    return None if row is None else str(row["id"])


METAL = {"artefact": "metal", "finding_metal": 1.0, "label": 1.0, "raw": 1.0}
NOISE = {"said_noise_hu": 20.0, "total_noise_hu": 10.0}
PHANTOM = {"shows": "phantom", "said_region": "chest"}

FAILURES: dict[str, tuple[dict[str, Any], dict[str, Any], list[dict[str, Any]]]] = {
    "Defect not reported": (
        METAL | {"raw": 0.5},
        METAL,
        [
            {"reported": ["streaks"]},
            {"score": 2.4},
            {"dose": 0.4},
            {"filter": "JPEG"},
            {"finding_metal": None},
        ],
    ),
    "Artefact overrated": (
        METAL | {"score": 3.5},
        METAL | {"score": 3.0},
        [{"artefact": None}, {"score": 1.4}, {"score": None}, {"kernel_half_per_mm": 0.5}],
    ),
    "Filter overrated": (
        {"filter": "JPEG", "label": 1.0, "score": 3.5},
        {"filter": "JPEG", "label": 1.0, "score": 3.0},
        [{"filter": None}, {"artefact": "metal"}, {"dose": 0.1}, {"label": 4.0}],
    ),
    "Filter underrated": (
        {"filter": "JPEG", "label": 3.0, "score": 1.0},
        {"filter": "JPEG", "label": 3.0, "score": 2.0},
        [{"filter": None}, {"artefact": "metal"}, {"score": 2.6}],
    ),
    "Kernel or noise overrated": (
        {"kernel_half_per_mm": 0.5, "label": 1.0, "score": 3.5},
        {"dose": 0.1, "label": 1.0, "score": 3.0},
        [{"filter": "JPEG"}, {"artefact": "metal"}, {"label": 3.9}],
    ),
    "Kernel or noise underrated": (
        {"kernel_half_per_mm": 0.5, "label": 3.0, "score": 1.0},
        {"dose": 0.1, "label": 3.0, "score": 2.0},
        [{"filter": "JPEG"}, {"artefact": "metal"}, {"score": 2.9}],
    ),
    "Equivalent noise of a clean slice": (
        NOISE | {"row": 0, "said_noise_hu": 4.0},
        NOISE | {"row": 0},
        [{"row": 1}, {"variant": "soft"}, {"shows": "head"}, {"said_noise_hu": None}],
    ),
    "Finding that is not there": (
        {"row": 0, "reported": ["blurred", "denoised"]},
        {"row": 0, "reported": ["denoised"]},
        [{"row": 1}, {"variant": "soft"}, {"finding_metal": 1.0}, {"reported": []}],
    ),
    "Wrong region": (
        {"shows": "neck", "said_region": "pelvis"},
        {"shows": "neck/chest", "said_region": "pelvis"},
        [{"said_region": "neck"}, {"shows": ""}, {"shows": "phantom"}],
    ),
    "Score where there should be none": (
        PHANTOM | {"score": 3.0},
        PHANTOM | {"score": 2.0},
        [{"shows": "chest"}, {"score": None}, {"purpose": "filtered"}],
    ),
}
"""By kind: the worst failure, another one, and changes that make the worst no failure."""


@pytest.mark.parametrize("title", FAILURES)
def test_the_worst_failure_stands_for_its_kind(title: str) -> None:
    worst, other, changes = FAILURES[title]
    rows = [example("other", **other), example("worst", **worst)]
    assert chosen(title, *rows) == "worst"
    for change in changes:
        assert chosen(title, rows[0], example("worst", **worst | change)) == "other", change


def test_a_harmful_filter_is_rewarded_where_the_score_rises() -> None:
    title = "Harmful filter rewarded"
    for changes, expected in (
        ({}, "worst"),
        ({"score": 2.05}, "other"),
        ({"rmse_hu": 9.0}, "other"),
        ({"loss_3": 0.05}, "other"),
        ({"rmse_hu": 9.0, "filter": "gaussian", "filter_strength": 3.0}, "worst"),
        ({"rmse_hu": 9.0, "filter": "gaussian", "filter_strength": 2.0}, "other"),
    ):
        rows = [
            *(filtered(name, row=5, filter=None, rmse_hu=10.0, loss_3=0.1) for name in "ab"),
            filtered("a", "worst", row=6, **{"score": 2.9} | changes),
            filtered("b", "other", row=6, score=2.5),
        ]
        assert chosen(title, *rows) == expected, changes


def test_every_kind_of_failure_is_tested() -> None:
    assert {*FAILURES, "Harmful filter rewarded"} == set(TITLES)


def test_images_that_may_not_be_shown_are_not_chosen() -> None:
    row = METAL | {"score": 3.5}
    assert chosen("Artefact overrated", example("a", **row, licence="BSD-3-Clause")) is None
    assert chosen("Artefact overrated", example("a", **row, licence="CC BY 3.0 (x)")) == "a"


def test_no_slice_and_no_kind_of_artefact_is_shown_twice() -> None:
    motion = METAL | {"artefact": "motion", "finding_metal": 0.0, "finding_motion": 1.0}
    table = verdicts(
        example("a", **METAL | {"raw": 0.0}),
        example("b", **METAL),
        example("c", **motion | {"label": 2.0, "raw": 2.0}),
        example("a0", shard="a", row=0, said_noise_hu=40.0),
        example("d0", row=0, said_noise_hu=20.0),
    )
    found = {title: row and row["id"] for title, row in choose(table, KINDS).items()}
    assert found["Defect not reported"] == "a"
    assert found["Artefact overrated"] == "c"
    assert found["Equivalent noise of a clean slice"] == "d0"


def test_every_kind_of_degradation_has_its_reason() -> None:
    filters = {*FAMILIES.values(), DOSE_AND_VIEWS, "kernel"}
    assert set(reasons.UNDER) == filters
    assert set(reasons.OVER) == filters | set(ARTEFACT_FINDINGS)


def test_errors_are_counted_by_degradation() -> None:
    made = [
        *(example(f"n{k}", patient=f"p{k}", score=3.0, label=3.1) for k in range(4)),
        example("m1", artefact="motion", patient="p1", score=4.0, label=1.5, low=3.0, high=4.0),
        example("m2", artefact="motion", patient="p2", score=3.0, label=3.2, low=2.0, high=4.0),
        example("k", artefact="metal", score=3.5),
        example("x", score=None, low=None, high=None),
        example("y", origin="drawn by ctiqa"),
        example("z", purpose="filtered"),
    ]
    text = by_degradation(verdicts(*made))
    for line in (
        "| dose and views | 4 | 4 | 0.10 (0.10–0.10) | −0.10 | +0.0, −0.1 | 0 % | 100 % |",
        "| motion | 2 | 2 | 1.35 (0.20–2.50) | +1.15 | +2.5, −0.2 | 50 % | 50 % |",
        "| metal | 1 | 1 | 0.50 | +0.50 | +0.5, +0.0 | 0 % | 100 % |",
    ):
        assert f"\n{line}\n" in text
    assert re.search(r"\n\| \*\*all\*\* \| 7 \| 5 \| .* \| 14 % \| 86 % \|\n", text)
    assert "too narrow, below 85 %, for: motion (50 %)." in text
    assert "in 10 % of slices or more for: motion (50 %)." in text


def test_findings_are_counted_where_they_are_certain() -> None:
    made = [
        example("a", finding_rings=1.0, reported=["rings", "metal"]),
        example("b", finding_rings=1.0),
        example("c", finding_rings=1.0),
        example("d", finding_rings=None, reported=["rings"]),
        example("e", reported=["rings"]),
    ]
    text = by_finding(verdicts(*made))
    assert "\n| rings | 3 | 1 (33 %) | 1 | 1 (100 %) |\n" in text
    assert "\n| metal | 0 | – | 5 | 1 (20 %) |\n" in text
    assert text.endswith("Missed more often than reported: rings.")
    assert "than reported: no kind." in by_finding(verdicts(made[0]))


def test_a_section_says_what_ctiqa_says_and_what_is_true() -> None:
    said = {"score": 3.0, "reported": ["denoised"], "said_noise_hu": 21.6}
    true = {"label": 1.2, "finding_blurred": None}
    done = {"dose": 0.004, "views": 120, "kernel_half_per_mm": 0.5}
    table = verdicts(example("a", patient="Q-1", **said, **true, **done))
    text = gallery(KINDS, choose(table, KINDS))
    section = text.partition("### Kernel or noise overrated")[2].partition("###")[0]
    assert "| score | 3.0 (2.0–4.0) | 1.2 |" in section
    assert "| equivalent noise | 22 HU | 10 HU |" in section
    assert "| region | chest | chest |" in section
    assert "| findings | denoised | none; too faint to tell: blurred |" in section
    assert reasons.OVER["kernel"] in section
    assert "Q-1: 0.4 % of the dose, 120 views, kernel with half response at 0.50/mm" in section
    assert "Source: a collection, CC BY 4.0 (a collection)." in section
    assert text.count("There is none among the images that may be shown.") == len(KINDS) - 1


def test_a_rewarded_filter_is_compared_with_the_unfiltered_slice() -> None:
    rows = [
        filtered("a", row=5, filter=None, rmse_hu=10.0, loss_3=0.1, score=1.5, label=2.5),
        filtered("a", "worst", row=6, score=2.9, label=2.1),
    ]
    text = gallery(KINDS, choose(verdicts(*rows), KINDS))
    assert "| score of the unfiltered slice | 1.5 | 2.5 |" in text
    assert "(left; right: the unfiltered slice)" in text


def test_a_picture_holds_one_or_two_panels() -> None:
    hu = patient_slice(0, SIDE)
    one, two = (
        Image.open(io.BytesIO(data)) for data in (picture(hu), picture(hu, np.full_like(hu, -1000)))
    )
    assert one.format == two.format == "WEBP"
    assert max(one.size) == SIDES[0]
    left, right = np.split(np.asarray(two.convert("L"), dtype=float), [two.width // 2], axis=1)
    assert left.mean() > 20
    assert right[:, GAP:].mean() < 2


def test_a_noisy_picture_is_small_all_the_same() -> None:
    hu = patient_slice(0, SIDE, noise_hu=150)
    assert len(picture(hu, hu)) <= MOST_BYTES


def test_verdicts_are_those_of_a_user(tmp_path: Path) -> None:
    rows = [example("a", shard="a"), example("b", shard="b", label=1.0)]
    images = {"a": patient_slice(0, SIDE), "b": np.full((SIDE, SIDE), -1000.0)}
    examples = write_shards(tmp_path / "data", rows, images)
    bare = Examples(examples.folder, examples.table.drop(*SAID, "error", "degradation"))
    scorer = Scorer(write_model(tmp_path / "model"), jobs=1, engine="onnxruntime")
    first, second = with_verdicts(scorer, bare).iter_rows(named=True)
    expected = np.mean(expected_members(np.round(images["a"]).astype(np.float32)))
    assert first["score"] == pytest.approx(expected, abs=1e-4)
    assert first["error"] == pytest.approx(first["score"] - first["label"])
    assert first["low"] < first["score"] < first["high"]
    assert (second["score"], second["flags"]) == (None, ["blank"])


def test_the_tool_writes_pictures_and_passages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [example("a0", shard="a", row=0), example("a", row=1, shard="a", **METAL)]
    examples = write_shards(tmp_path / "data", rows, {"a": patient_slice(0, SIDE)})
    docs = tmp_path / "docs"
    (docs / FOLDER).mkdir(parents=True)
    (docs / FOLDER / "old.webp").write_bytes(b"old")
    names = ("by degradation", "by finding", "in pictures")
    blocks = (f"{tool.BEGIN.format(name)}\nold\n{tool.END.format(name)}" for name in names)
    (docs / tool.PAGE).write_text("# Title\n\n" + "\n\n".join(blocks) + "\n\nend\n")
    monkeypatch.setattr(tool, "with_verdicts", lambda _, found: verdicts(*found.table.to_dicts()))
    named = {"findings": FINDINGS, "regions": REGIONS, "judged": ["chest"]}
    model = str(write_model(tmp_path / "model", answers=named))
    tool.write(model, examples.folder, docs)
    text = (docs / tool.PAGE).read_text(encoding="utf-8")
    assert text.startswith("# Title\n")
    assert text.endswith("\nend\n")
    assert "old" not in text
    assert "| metal | 1 | 1 |" in text
    assert f"sha256 `{load_model(model).sha256[:12]}`" in text
    shown = re.findall(rf"\]\({FOLDER}/(.+?)\)", text)
    assert sorted(shown) == sorted(file.name for file in (docs / FOLDER).iterdir())
    assert "defect-not-reported.webp" in shown


def test_what_it_needs_is_required(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="must answer findings and a region"):
        tool.write(str(write_model(tmp_path / "model")), tmp_path, tmp_path)
    rows = [example("a", split="train")]
    with pytest.raises(DataError, match="must hold test examples"):
        tool.tested(write_shards(tmp_path / "data", rows, {"a": patient_slice(0, SIDE)}))
    bare = read_examples(tmp_path / "data")
    with pytest.raises(DataError, match="know what is wrong with them"):
        tool.tested(Examples(bare.folder, bare.table.select(pl.exclude("^finding_.*$"))))


PAGE = ROOT / "docs" / tool.PAGE


def test_the_pictures_of_the_page_are_there_and_small() -> None:
    shown = re.findall(rf"\]\({FOLDER}/(.+?)\)", PAGE.read_text(encoding="utf-8"))
    files = sorted((PAGE.parent / FOLDER).iterdir())
    assert sorted(shown) == [file.name for file in files]
    sizes = [file.stat().st_size for file in files]
    assert max(sizes) <= 40_000
    assert sum(sizes) <= 400_000


def test_the_failures_are_those_of_the_shipped_model() -> None:
    """Otherwise: python -m tools.failure_pictures."""
    assert tool.made_with(load_model(DEFAULT_MODEL).facts) in PAGE.read_text(encoding="utf-8")
