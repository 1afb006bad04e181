from __future__ import annotations

import pytest
from tests.evaluate.made import opened, table_of

from ctiqa.errors import UsageError
from ctiqa.evaluate.ablation.published_table import check_tables, table_names, with_published
from ctiqa.evaluate.evaluation import Evaluation, Options, evaluate


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    labelled = opened(tmp_path_factory.mktemp("set") / "set")
    scores = dict(zip(labelled.ids, (labelled.label - 0.5).tolist(), strict=True))
    return evaluate([table_of(scores)], labelled, Options())


def test_measured_and_published_rows_stand_apart(found: Evaluation) -> None:
    text = with_published(found, ["networks", "challenge"])
    measured, *published = text.split("**Published**")
    assert "| mine | 3.0000 (" in measured
    assert "24 examples of 4 patients, split test" in measured
    assert len(published) == 3, "Shen's table, TFKT's figures and the challenge's"
    assert "| DenseNet | 2.7731 | 0.9799 | 0.9621 | 0.8311 | 0.0591 | 0.0049 |" in published[0]
    assert "| agaldran | 2.7427 | 0.9491 | 0.9495 | 0.8440 |  |  |" in published[2]
    assert "not comparable" in text


def test_all_is_every_table(found: Evaluation) -> None:
    text = with_published(found, ["all"])
    assert all(name in text for name in ("beta 0.75", "4 blocks", "MD-IQA", "RPI_AXIS"))


def test_unknown_tables_are_refused_before_work() -> None:
    check_tables([*table_names(), "all"])
    with pytest.raises(UsageError, match=r"'published' must be among blocks, .*, all, got tabel"):
        check_tables(["networks", "tabel"])
