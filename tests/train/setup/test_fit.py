"""Any data set that fits is trained on; one that does not is told in a sentence what does not."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.data.collection import RECIPE as DATA
from tests.data.collection import Prepared
from tests.train.tiny import RECIPE, made_up

from ctiqa.data.manifest import HEADER, Examples, read_header
from ctiqa.errors import DataError, UsageError
from ctiqa.recipe import (
    CccidData,
    FolderData,
    Ldctiqac2023Data,
    LdctProjectionData,
    NetworkRecipe,
    Recipe,
    SimulateData,
    StemVitNetwork,
    Stride32Network,
    TfktNetwork,
    read_recipe,
)
from ctiqa.recipe.data import DataRecipe
from ctiqa.train.setup.fit import check_fit, made_by, on_data_of, unseen
from ctiqa.train.setup.open_run import open_run

ROOT = Path(__file__).parents[3]

HERE = Path("data/own")

SYSTEMS = ("distiliqa", "shen2025", "tfkt")

EPOCHS = replace(RECIPE.student, epochs=1, validate_every=0, crop=0)


def header_of(data: DataRecipe) -> dict[str, object]:
    """A header as it is read from JSON."""
    return {"recipe": json.loads(json.dumps(Recipe("a", members=0, data=data).as_dict()["data"]))}


def system(name: str) -> Recipe:
    return read_recipe(ROOT / "recipes" / f"{name}.toml")


@pytest.mark.parametrize("name", SYSTEMS)
@pytest.mark.parametrize("data", [Ldctiqac2023Data(seed=4), FolderData(), LdctProjectionData()])
def test_the_three_systems_take_data_of_any_source(name: str, data: DataRecipe) -> None:
    found = on_data_of(system(name), HERE, header_of(data))
    assert found == replace(system(name), data=data)


def test_the_data_sets_own_recipe_counts(prepared: Prepared, tmp_path: Path) -> None:
    """Not that of the recipe that is trained: here of another source, seed and number of folds."""
    asked = replace(RECIPE, data=FolderData(seed=9, folds=3))
    assert open_run(asked, prepared.out, tmp_path).recipe == replace(RECIPE, data=DATA)
    assert made_by(prepared.out, read_header(prepared.out)) == DATA


def test_a_header_of_an_older_version_has_defaults_for_newer_keys() -> None:
    header = header_of(CccidData(seed=3))
    del header["recipe"]["photons"]  # type: ignore[attr-defined]
    assert made_by(HERE, header) == CccidData(seed=3)


def test_a_header_that_is_no_recipe_is_named() -> None:
    with pytest.raises(UsageError, match=rf"{HEADER}: 1 problem:\s+data.x is not a key"):
        made_by(HERE, {"recipe": {"x": 1}})


def test_too_few_folds_for_the_members() -> None:
    with pytest.raises(DataError, match=r"has 4 folds, and each of the recipe's 5 .*' to 4$"):
        on_data_of(system("distiliqa"), HERE, header_of(FolderData(folds=4)))


def test_members_that_all_hold_out_the_first_fold_need_no_other() -> None:
    asked = system("distiliqa")
    one_draw = replace(asked, teacher=replace(asked.teacher, hold_out="first-fold"))
    assert on_data_of(one_draw, HERE, header_of(FolderData(folds=2))).members == 5


def test_a_mode_is_never_mixed_with_the_other() -> None:
    """Else a row of a table would bear a name that it has not."""
    asked = system("distiliqa")
    published = Ldctiqac2023Data(mode="as-published")
    with pytest.raises(DataError, match="labels and folds are as-published, the recipe's correct"):
        on_data_of(asked, HERE, header_of(published))
    with pytest.raises(DataError, match="labels and folds are corrected, the recipe's as-publ"):
        on_data_of(replace(asked, mode="as-published"), HERE, header_of(Ldctiqac2023Data()))
    both = replace(asked, mode="as-published")
    assert on_data_of(both, HERE, header_of(published)).data == published


def test_sources_without_modes_fit_both() -> None:
    asked = replace(system("shen2025"), mode="as-published")
    assert on_data_of(asked, HERE, header_of(FolderData())).data == FolderData()


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Examples:
    return made_up(tmp_path_factory.mktemp("small") / "set", {"a": 2})


def on_scale(examples: Examples, words: str) -> Examples:
    return Examples(examples.folder, examples.table.with_columns(label_scale=pl.lit(words)))


def test_a_scale_that_is_too_wide(small: Examples) -> None:
    epochs = replace(RECIPE, student=EPOCHS, teacher=EPOCHS)
    with pytest.raises(DataError, match=r"fit recipe 'tiny': its labels are on the scale 0-100,"):
        check_fit(epochs, on_scale(small, "0-100"))
    check_fit(epochs, on_scale(small, "1-5"))
    check_fit(epochs, on_scale(small, "0-10"))


def test_steps_draw_grades(small: Examples) -> None:
    with pytest.raises(DataError, match="scale 1-5, and a training that counts 'steps'"):
        check_fit(RECIPE, on_scale(small, "1-5"))
    check_fit(RECIPE, on_scale(small, "0-1"))
    check_fit(RECIPE, small)


def test_slices_that_the_network_cannot_read(small: Examples) -> None:
    network = StemVitNetwork(blocks=2, backbone="vit_tiny_patch16_224", depth=1, outputs=2)
    asked = replace(RECIPE, network=network)
    with pytest.raises(DataError, match=r"have 256×320 pixels: .* at least 452×452") as caught:
        check_fit(asked, small)
    assert "prepare" not in str(caught.value), "the data are as they should be"


def test_all_that_does_not_fit_is_told_at_once(small: Examples) -> None:
    asked = replace(RECIPE, network=StemVitNetwork(blocks=2, outputs=2))
    with pytest.raises(DataError, match=r"scale 0-50.*; its slices have 256×320"):
        check_fit(asked, on_scale(small, "0-50"))


def test_a_run_that_does_not_fit_leaves_nothing_behind(prepared: Prepared, tmp_path: Path) -> None:
    shutil.copytree(prepared.out, tmp_path / "data")
    file = tmp_path / "data" / "manifest.parquet"
    table = pl.read_parquet(file)
    table.with_columns(
        label=np.linspace(0, 100, len(table)), label_scale=pl.lit("0-100")
    ).write_parquet(file)
    with pytest.raises(DataError, match="0-100"):
        open_run(replace(RECIPE, data=DATA), tmp_path / "data", tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("data", "network", "hidden"),
    [
        (LdctProjectionData(), StemVitNetwork(), "-1000…-136 HU"),
        (LdctProjectionData(), TfktNetwork(), None),
        (LdctProjectionData(mode="as-published"), StemVitNetwork(), None),
        (CccidData(), Stride32Network(windows=("lung",)), "150…214 HU"),
        (CccidData(), Stride32Network(windows=("lung", "distiliqa")), None),
        (CccidData(), TfktNetwork(scaling="min-max", window="brain"), None),
        (SimulateData(), StemVitNetwork(), "-1000…399 HU"),
        (SimulateData(), Stride32Network(windows=("soft",)), "-1000…399 HU"),
        (FolderData(), StemVitNetwork(), None),
        (Ldctiqac2023Data(), StemVitNetwork(), None),
    ],
)
def test_what_a_label_sees_and_the_network_does_not(
    data: DataRecipe, network: NetworkRecipe, hidden: str | None
) -> None:
    said = unseen(Recipe("a", members=0, data=data, network=network))
    assert (said is None) if hidden is None else (said is not None and hidden in said)


@pytest.mark.parametrize("name", SYSTEMS)
def test_the_recipes_show_what_their_labels_look_at(name: str) -> None:
    assert unseen(system(name)) is None
