from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.data.collection import Prepared

from ctiqa.data.manifest import MANIFEST, SHARDS, Examples, read_examples
from ctiqa.errors import DataError


def test_no_data_set(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no finished data set; make one with 'ctiqa prepare'"):
        read_examples(tmp_path)


@pytest.mark.parametrize("content", [b"", b"PAR1 but not really"])
def test_a_broken_manifest(tmp_path: Path, content: bytes) -> None:
    (tmp_path / MANIFEST).write_bytes(content)
    with pytest.raises(DataError, match="is not a manifest"):
        read_examples(tmp_path)


def test_a_manifest_of_something_else(tmp_path: Path) -> None:
    pl.DataFrame({"label": [1.0], "shard": ["a"]}).write_parquet(tmp_path / MANIFEST)
    with pytest.raises(DataError, match="lacks row, patient, region, split, fold, purpose, raw"):
        read_examples(tmp_path)


def test_examples_are_chosen_by_their_columns(examples: Examples) -> None:
    chosen = examples.where(split="test", purpose="ladder")
    assert 0 < len(chosen) < len(examples)
    assert set(chosen.column("split").tolist()) == {"test"}
    assert set(chosen.column("purpose").tolist()) == {"ladder"}


@pytest.mark.parametrize("fold", [0, 1])
def test_a_fold_and_the_others_are_the_whole(examples: Examples, fold: int) -> None:
    train = examples.where(split="train")
    own, others = train.where(fold=fold), train.without_fold(fold)
    assert 0 < len(own) < len(train)
    assert len(own) + len(others) == len(train)
    assert not set(own.column("patient").tolist()) & set(others.column("patient").tolist())


def test_pixels_and_maps_are_found_by_number(examples: Examples) -> None:
    chosen = examples.where(split="validation")
    images, maps = chosen.images(), chosen.maps()
    assert len(images) == len(maps) == len(chosen)
    last = len(chosen) - 1
    stored = np.load(chosen.folder / SHARDS / f"{chosen.column('shard')[last]}.hu.npy")
    np.testing.assert_array_equal(images[last], stored[chosen.column("row")[last]])
    assert images[last].dtype == np.int16
    assert maps[last].shape == (4, 4)


def test_a_lost_shard_is_named(prepared: Prepared, tmp_path: Path) -> None:
    shutil.copy(prepared.out / MANIFEST, tmp_path)
    with pytest.raises(DataError, match=r"series-C0-000-native.hu.npy' cannot be read"):
        read_examples(tmp_path).images()[0]
