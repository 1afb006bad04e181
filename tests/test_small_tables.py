"""The tool behind ``make tables-small``: its commands are real, its page holds every table."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest
from tools.small_tables import CHAINS, Study, command, folder_of, page, picture_name

from ctiqa.evaluate.ablation.published import PUBLISHED_METRICS
from ctiqa.evaluate.ablation.results import VariantSummary
from ctiqa.evaluate.ablation.variants import chosen, shortened, variants_of
from ctiqa.recipe import read_values

ROOT = Path(__file__).parents[1]

STUDIES = [study for chain in CHAINS for study in chain]


@pytest.mark.parametrize("study", STUDIES, ids=lambda study: f"{study.recipe}-{study.kind}")
def test_every_study_names_a_recipe_and_variants_that_exist(study: Study) -> None:
    words = command(study, Path("data"), Path("natural"), Path("out"))
    assert words[: len(study.words)] == list(study.words)
    recipe = ROOT / words[len(study.words)]
    values = shortened(read_values(recipe), 2)
    assert chosen(variants_of(study.kind, values), list(study.only))
    assert ("--natural" in words) == ("pretrain" in values)


def test_no_two_studies_share_files() -> None:
    files = [(folder_of(study, Path("runs")), study.kind) for study in STUDIES]
    assert len(set(files)) == len(files)
    assert len({picture_name(study) for study in STUDIES}) == len(files)


def test_the_page_has_every_table_with_its_command(tmp_path: Path) -> None:
    metrics = dict.fromkeys(PUBLISHED_METRICS, 0.5) | {"overall": 2.5}
    row = VariantSummary("1 members", 1, metrics, metrics, None, (2.4, 2.6), 2.3, 1.0)
    for number, study in enumerate(STUDIES):
        folder = folder_of(study, tmp_path)
        folder.mkdir(parents=True, exist_ok=True)
        facts = {"command": f"ctiqa {number}", "date": "today", "data": "hash", "minutes": "1.0"}
        stored = {**facts, "rows": [asdict(row)]}
        (folder / f"{study.kind}.json").write_text(json.dumps(stored))
    text = page(tmp_path)
    for number, study in enumerate(STUDIES):
        assert f"## {study.title}" in text
        assert f"command: `ctiqa {number}`" in text
    assert text.count("2.500 (2.400-2.600)") == len(STUDIES)
    assert "2.6684" in text, "the published figure of one member, beside"
