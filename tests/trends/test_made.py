"""The made archives look like those of a store."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.trends.made import Change, archive, one_chart

from ctiqa.store import open_store


def test_a_frame_has_the_columns_and_types_of_a_store(tmp_path: Path) -> None:
    with open_store(tmp_path / "s.sqlite") as store:
        schema = dict(store.scans().schema)
    made = dict(archive(20).schema)
    made = {name: kind for name, kind in made.items() if name in schema or name != "current"}
    assert made == schema


def test_an_archive_follows_its_seed() -> None:
    assert archive(50, seed=3).equals(archive(50, seed=3))
    assert not archive(50, seed=3).equals(archive(50, seed=4))


def test_half_the_dose_is_more_noise() -> None:
    normal, changed = (one_chart(30, changes=each) for each in ((), [Change(5, 5, dose=0.5)]))
    week = (normal["study_day"].dt.week() == 7).to_numpy()
    noise = (changed["equivalent_noise_hu"] / normal["equivalent_noise_hu"]).to_numpy()
    assert noise[week] == pytest.approx(2**0.5, rel=1e-4)
    assert noise[~week] == pytest.approx(1)
