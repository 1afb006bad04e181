from __future__ import annotations

from pathlib import Path

import pytest
from tests.data.collection import Prepared
from tests.evaluate.ablation.tiny_study import VALUES

from ctiqa.errors import DataError
from ctiqa.evaluate.ablation.training import StudySetup, check_variant, open_variant, shared_name
from ctiqa.evaluate.ablation.variants import Variant, variants_of
from ctiqa.recipe import overlaid, read_values, recipe_from

RECIPES = Path(__file__).parents[3] / "recipes"


def shared_names(kind: str, recipe: str) -> list[str]:
    variants = variants_of(kind, read_values(RECIPES / f"{recipe}.toml"))
    return [shared_name(recipe_from(variant.values)) for variant in variants]


def test_variants_that_differ_after_the_first_phase_share_its_features() -> None:
    whole, frozen, alone = shared_names("tfkt", "tfkt")
    assert whole == frozen != alone
    assert whole.startswith("features-")


def test_variants_of_the_student_share_a_teacher_and_others_do_not() -> None:
    assert len(set(shared_names("beta", "shen2025-small"))) == 1
    members = shared_names("members", "shen2025-small")
    assert len(set(members)) == len(members)


def test_a_variant_is_opened_on_its_data_with_its_shared_folder(
    prepared: Prepared, tmp_path: Path
) -> None:
    recipe = recipe_from(VALUES)
    setup = StudySetup(prepared.out, tmp_path)
    variant = Variant("tiny", VALUES, "tiny")
    run = open_variant(setup, variant, recipe, tmp_path / "tiny")
    assert (run.out, run.shared_folder) == (tmp_path / "tiny", tmp_path / shared_name(recipe))
    check_variant(setup, variant, recipe)
    more = recipe_from(overlaid(VALUES, {"members": 3, "network.outputs": 3, "data.folds": 3}))
    with pytest.raises(DataError, match="it has 2 folds"):
        check_variant(setup, variant, more)
    assert not list(tmp_path.iterdir()), "a check writes nothing"


def test_only_variants_that_ask_for_it_use_the_data_as_published() -> None:
    corrected = Variant("a", VALUES, "a")
    published = Variant("b", VALUES, "b", published_data=True)
    both = StudySetup(Path("data"), Path("out"), published_data=Path("published"))
    assert [both.data_of(each) for each in (corrected, published)] == [
        Path("data"),
        Path("published"),
    ]
    assert StudySetup(Path("data"), Path("out")).data_of(published) == Path("data")
