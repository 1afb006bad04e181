from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctiqa.data.sources.clean_series import SERIES_REGIONS
from ctiqa.data.splits import SPLITS, split_patients
from ctiqa.errors import DataError
from ctiqa.recipe import SimulateData

RECIPE = SimulateData(folds=3)

PATIENTS = {f"{region}{k}": region for region in ("chest", "abdomen", "head") for k in range(20)}

people = st.dictionaries(
    st.text("abc0123", min_size=1, max_size=6),
    st.sampled_from(SERIES_REGIONS),
    min_size=12,
    max_size=60,
)


@settings(max_examples=60)
@given(region=people, seed=st.integers(0, 99), order=st.randoms(use_true_random=False))
def test_a_split_depends_on_who_is_there_and_not_on_their_order(
    region: dict[str, str], seed: int, order: random.Random
) -> None:
    recipe = replace(RECIPE, seed=seed)
    shuffled = list(region.items())
    order.shuffle(shuffled)
    assert split_patients(dict(shuffled), recipe) == split_patients(region, recipe)


@settings(max_examples=60)
@given(region=people, seed=st.integers(0, 99))
def test_every_patient_has_one_place(region: dict[str, str], seed: int) -> None:
    places = split_patients(region, replace(RECIPE, seed=seed))
    assert set(places) == set(region)
    assert {p.split for p in places.values()} <= set(SPLITS)
    for place in places.values():
        assert (place.fold in range(3)) if place.split == "train" else (place.fold == -1)


@settings(max_examples=60)
@given(region=people, seed=st.integers(0, 99))
def test_folds_are_level(region: dict[str, str], seed: int) -> None:
    places = split_patients(region, replace(RECIPE, seed=seed)).values()
    folds = Counter(p.fold for p in places if p.split == "train")
    assert set(folds) == {0, 1, 2}
    assert max(folds.values()) - min(folds.values()) <= 1


@pytest.mark.parametrize("region", ["chest", "abdomen", "head"])
def test_every_region_is_in_every_split(region: str) -> None:
    places = split_patients(PATIENTS, RECIPE)
    count = Counter(places[p].split for p, r in PATIENTS.items() if r == region)
    assert count == {"test": 4, "validation": 3, "train": 13}


def test_another_seed_is_another_split() -> None:
    assert split_patients(PATIENTS, RECIPE) != split_patients(PATIENTS, replace(RECIPE, seed=2))


@pytest.mark.parametrize("seed", range(5))
def test_pinned_patients_stay_where_they_are_pinned(seed: int) -> None:
    recipe = replace(
        RECIPE, seed=seed, test_patients=("chest3", "head7"), train_patients=("chest4", "chest5")
    )
    places = split_patients(PATIENTS, recipe)
    assert [places[p].split for p in ("chest3", "head7")] == ["test", "test"]
    assert [places[p].split for p in ("chest4", "chest5")] == ["train", "train"]
    assert Counter(p.split for p in places.values())["test"] == 12


def test_more_pinned_than_the_share_are_all_kept() -> None:
    pinned = tuple(f"chest{k}" for k in range(9))
    places = split_patients(PATIENTS, replace(RECIPE, test_patients=pinned))
    chest = {p for p, place in places.items() if place.split == "test" and p.startswith("chest")}
    assert chest == set(pinned)


def test_every_wrong_pin_is_listed_at_once() -> None:
    recipe = replace(RECIPE, test_patients=("x", "chest1"), train_patients=("y", "chest1"))
    with pytest.raises(DataError) as caught:
        split_patients(PATIENTS, recipe)
    assert str(caught.value).splitlines() == [
        "'data.test_patients' names x, who is not in the data",
        "'data.train_patients' names y, who is not in the data",
        "patient chest1 cannot be in more than one of test, validation and training",
    ]


def test_too_few_patients_to_train_on() -> None:
    with pytest.raises(DataError, match=r"'data.folds' must be at most the 2 patients .* got 3"):
        split_patients({"a": "chest", "b": "chest"}, RECIPE)


def test_as_published_folds_of_images_need_no_patient_each() -> None:
    few = {"a": "chest", "b": "chest"}
    recipe = SimulateData(folds=5, test_share=0.0, validation_share=0.0)
    with pytest.raises(DataError, match="must be at most the 2 patients"):
        split_patients(few, recipe)
    places = split_patients(few, replace(recipe, mode="as-published"))
    assert {place.split for place in places.values()} == {"train"}
