from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ctiqa.catalog import DEFAULT_MODEL
from ctiqa.errors import UsageError
from ctiqa.recipe import (
    AnswersNetwork,
    BackboneNetwork,
    FineTuneRecipe,
    OldNameWarning,
    Recipe,
    SimulateData,
    StemVitNetwork,
    Stride32Network,
    TrainRecipe,
    read_recipe,
    recipe_from,
)
from ctiqa.weights import load_card

FOLDER = Path(__file__).parents[1] / "recipes"
RECIPES = sorted(FOLDER.glob("*.toml"))


def problems(values: dict[str, Any]) -> list[str]:
    with pytest.raises(UsageError) as caught:
        recipe_from(values)
    return [line.strip() for line in str(caught.value).splitlines()[1:]]


@pytest.mark.parametrize("file", RECIPES, ids=lambda file: file.stem)
def test_every_recipe_of_the_repository_reads(file: Path) -> None:
    assert read_recipe(file).name == file.stem


def test_there_are_recipes() -> None:
    assert RECIPES


@pytest.mark.parametrize("file", RECIPES, ids=lambda file: file.stem)
def test_a_recipe_survives_the_way_through_plain_values(file: Path) -> None:
    recipe = read_recipe(file)
    assert recipe_from(recipe.as_dict()) == recipe


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, "name is missing"),
        ({"name": "a", "colour": 1}, "colour is not a key of a recipe"),
        ({"name": "a", "data": {"sed": 1}}, "data.sed is not a key of a recipe"),
        ({"name": "a", "data": 3}, "data must be a table, got 3"),
        ({"name": "a", "members": 5.0}, "members must be int, got 5.0"),
        ({"name": "a", "members": True}, "members must be int, got True"),
        ({"name": 7}, "name must be str, got 7"),
        ({"name": "a", "network": {"stem": 8}}, "network.stem must be a list, got 8"),
        (
            {"name": "a", "network": {"stem": [8, 8, "8", 8, 8]}},
            "network.stem[2] must be int, got '8'",
        ),
        (
            {"name": "a", "teacher": {"learning_rate": "fast"}},
            "teacher.learning_rate must be float",
        ),
    ],
)
def test_wrong_keys_and_types_are_named(values: dict[str, Any], expected: str) -> None:
    assert any(line.startswith(expected) for line in problems(values))


@pytest.mark.parametrize(
    ("table", "key", "value", "rule"),
    [
        ("data", "most_slices", 0, ">= 1"),
        ("data", "draws", 0, ">= 1"),
        ("data", "folds", 1, ">= 2"),
        ("data", "test_share", 0.5, "in [0, 0.5)"),
        ("data", "validation_share", -0.1, "in [0, 0.5)"),
        ("data", "seed", -1, ">= 0"),
        ("network", "stem", [8, 8, 8, 8], "five channel counts >= 1"),
        ("network", "stem", [8, 8, 0, 8, 8], "five channel counts >= 1"),
        ("network", "stem", [], "five channel counts >= 1"),
        ("network", "windows", [], "one or more of soft, distiliqa, challenge, lung, bone, brain"),
        (
            "network",
            "windows",
            ["soft", "mediastinum"],
            "one or more of soft, distiliqa, challenge, lung, bone, brain",
        ),
        ("network", "heads", 3, "a divisor of 160"),
        ("network", "heads", 0, "a divisor of 160"),
        ("network", "heads", -5, "a divisor of 160"),
        ("network", "blocks", 0, ">= 1"),
        ("teacher", "steps", 0, ">= 1"),
        ("teacher", "learning_rate", 0.0, "> 0"),
        ("teacher", "learning_rate", math.inf, "> 0"),
        ("teacher", "learning_rate", math.nan, "> 0"),
        ("student", "ema_decay", 1.0, "in [0, 1)"),
        ("student", "warmup", 1.5, "in [0, 1]"),
        ("student", "crop", 96, "0 or a multiple of 32 from 128"),
        ("student", "crop", 200, "0 or a multiple of 32 from 128"),
        ("student", "distil_weight", -0.5, ">= 0"),
        ("student", "seed", -1, ">= 0"),
    ],
)
def test_impossible_values_are_refused(table: str, key: str, value: object, rule: str) -> None:
    found = problems({"name": "a", table: {key: value}})
    assert any(line.startswith(f"{table}.{key} must be {rule}, got ") for line in found)


@pytest.mark.parametrize("name", ["", "a/b", "../up", "a b"])
def test_the_name_must_do_as_a_file_name(name: str) -> None:
    assert any(line.startswith("name must be a file name") for line in problems({"name": name}))


def test_every_problem_is_listed_at_once() -> None:
    found = problems(
        {
            "name": "a",
            "colour": 1,
            "data": {"folds": 0, "draws": 0},
            "teacher": {"steps": 0, "batch": "many"},
            "student": {"crop": 5, "batch": 0},
        }
    )
    starts = {line.split(" ")[0] for line in found}
    assert starts == {
        "colour",
        "data.folds",
        "data.draws",
        "teacher.batch",
        "student.crop",
        "student.batch",
    }


@pytest.mark.parametrize("members", [-1, 6])
def test_members_are_limited_by_folds(members: int) -> None:
    found = problems({"name": "a", "members": members, "network": {"outputs": 5}})
    assert f"members must be 0…5 (data.folds), got {members}" in found


def test_members_that_hold_out_the_same_fold_are_not_limited_by_folds() -> None:
    values = {"name": "a", "members": 6, "network": {"outputs": 6}}
    assert recipe_from({**values, "teacher": {"hold_out": "first-fold"}}).members == 6


def test_distillation_needs_members() -> None:
    found = problems({"name": "a", "members": 0, "student": {"distil_weight": 0.5}})
    assert found == ["student.distil_weight must be 0 where members is 0, got 0.5"]


@pytest.mark.parametrize(
    ("network", "said"),
    [
        ({"kind": "stem-vit", "blocks": 7}, "network.blocks must be 0…6, got 7"),
        ({"kind": "stem-vit", "crop": "left"}, "network.crop must be one of published, centre"),
        ({"kind": "stem-vit", "window": "x"}, "network.window must be one of soft"),
        ({"kind": "backbone", "side": 10}, "network.side must be 0 or >= 64, got 10"),
        ({"kind": "tfkt", "pretrained": "a.onnx"}, "network.pretrained must be 'none', 'hub'"),
        (
            {"kind": "resnet"},
            "network.kind must be one of stride32, answers, stem-vit, tfkt, backbone",
        ),
        ({"kind": "backbone", "blocks": 3}, "network.blocks is not a key of a recipe"),
    ],
)
def test_networks_are_checked_by_kind(network: dict[str, Any], said: str) -> None:
    found = problems({"name": "a", "members": 0, "network": network})
    assert any(line.startswith(said) for line in found), found


def test_only_tfkt_is_pretrained() -> None:
    with pytest.raises(UsageError, match="pretrain must be left out where"):
        Recipe("a", pretrain=TrainRecipe())


def test_only_the_networks_that_can_take_weights_over_start_from_another_run() -> None:
    further = FineTuneRecipe(from_run="b", interpolation=0.5)
    assert Recipe("a", members=0, fine_tune=further).start == "b"
    with pytest.raises(UsageError, match=r"from_run must be left out where .* 'stem-vit'"):
        Recipe("a", members=0, fine_tune=further, network=StemVitNetwork())
    with pytest.raises(UsageError, match=r"must be a file name, or empty, got '\.\./b'"):
        FineTuneRecipe(from_run="../b")
    with pytest.raises(UsageError, match=r"interpolation must be in \[0, 1\), got 1"):
        FineTuneRecipe(interpolation=1.0)


def test_what_an_installed_model_needs_to_be_fine_tuned() -> None:
    further = FineTuneRecipe(from_model="b", epochs=2, validate_every=0)
    network = AnswersNetwork(beyond=True, normalised=False)
    made = Recipe("a", members=0, fine_tune=further, network=network)
    assert (made.start, made.start_model) == ("b", "b")
    assert list(made.student_trainings) == ["fine_tune"]
    where = "where fine_tune.from_model is 'b'"
    for changes, said in (
        ({"network": Stride32Network()}, f"network.kind must be 'answers' {where}, got 'stride32'"),
        ({"network": AnswersNetwork(normalised=False)}, f"normalised false {where}"),
        ({"network": AnswersNetwork(beyond=True)}, f"normalised false {where}"),
        ({"members": 4, "network": replace(network, outputs=4)}, f"members must be 0 {where}, got"),
        ({"student": TrainRecipe(steps=5)}, "student must be left out where fine_tune starts from"),
    ):
        with pytest.raises(UsageError, match=said):
            replace(made, **changes)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"from_run": "c"}, "from_run must be empty where from_model is set, got 'c'"),
        ({"epochs": 0, "validate_every": 5}, "epochs must be >= 1 where from_model is set, got 0"),
        ({"last_batch": "kept"}, "last_batch must be 'dropped' where from_model is set"),
        ({"consistency_weight": 0.5}, "consistency_weight must be 0 where from_model is set"),
        ({"anchor_weight": 0.0}, "anchor_weight must be > 0, got 0"),
        ({"from_model": "../b.onnx"}, "from_model must be a file name, or empty"),
    ],
)
def test_rules_of_fine_tuning_on_readers_scores(changes: dict[str, Any], said: str) -> None:
    kept: dict[str, Any] = {"from_model": "b", "epochs": 2, "validate_every": 0}
    with pytest.raises(UsageError, match=said):
        FineTuneRecipe(**(kept | changes))


def test_where_another_student_is_fine_tuned_none_is_trained() -> None:
    further = FineTuneRecipe(from_run="b", distil_weight=0.5)
    with pytest.raises(UsageError, match="student must be left out where") as caught:
        Recipe("a", members=0, fine_tune=further, student=TrainRecipe(steps=5, distil_weight=0.5))
    assert "fine_tune.distil_weight must be 0" in str(caught.value)
    assert "student.distil_weight" not in str(caught.value), "it is not trained"


@pytest.mark.parametrize(
    ("train", "said"),
    [
        ({"epochs": 1, "validate_every": 0}, ""),
        ({"validate_every": 0}, "validate_every must be >= 1 where 'epochs' is 0, got 0"),
        ({"batch": 6, "accumulate": 4}, "accumulate must be a divisor of 'batch' = 6, got 4"),
        ({"augment": ["blur"]}, "augment must be among flip, rotate, transpose, scale"),
        ({"loss": "huber"}, "loss must be one of l1+l2, p-huber, mse, ranked-probability"),
        ({"optimizer": "lion"}, "optimizer must be one of adamw, adam, sgd"),
    ],
)
def test_trainings_are_checked(train: dict[str, Any], said: str) -> None:
    values = {"name": "a", "teacher": train}
    if not said:
        assert recipe_from(values).teacher.epochs == 1
        return
    assert any(line.startswith(f"teacher.{said}") for line in problems(values))


def test_every_output_needs_its_teacher() -> None:
    with pytest.raises(UsageError, match=r"network.outputs must be equal to members = 3"):
        Recipe("a", network=Stride32Network(outputs=5), members=3)


def test_defaults_are_valid() -> None:
    explicit = Recipe(
        "a",
        data=SimulateData(),
        network=Stride32Network(),
        teacher=TrainRecipe(),
        student=TrainRecipe(),
    )
    assert Recipe("a") == explicit


@pytest.mark.parametrize(
    ("content", "expected"),
    [(None, "cannot be read"), (b"name = ", "is not TOML"), (b"\xff\xfe", "is not TOML")],
)
def test_unreadable_files(tmp_path: Path, content: bytes | None, expected: str) -> None:
    file = tmp_path / "r.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(UsageError, match=expected):
        read_recipe(file)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"name = " + b"[" * 100_000, "nested too deeply"),
        (b"name = " + b"{a=" * 5000 + b"1" + b"}" * 5000, "nested too deeply"),
        (b"members = " + b"9" * 10_000, "is not TOML"),
        (b"day = 1979-13-45", "is not TOML"),
        (b'name = "a"\nname = "b"', "is not TOML"),
        ("name = 'a'".encode("utf-16"), "not UTF-8"),
        (b"name = '\xe9'", "not UTF-8"),
        (b"#" * (1 << 21), "larger than"),
    ],
    ids=["lists", "tables", "digits", "date", "twice", "utf-16", "latin-1", "large"],
)
def test_odd_files_are_refused_in_a_sentence(tmp_path: Path, data: bytes, why: str) -> None:
    (tmp_path / "r.toml").write_bytes(data)
    with pytest.raises(UsageError, match=why) as caught:
        read_recipe(tmp_path / "r.toml")
    assert len(str(caught.value)) < 400


def test_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "r.toml").write_bytes(b"\xef\xbb\xbfname = 'a'")
    assert read_recipe(tmp_path / "r.toml").name == "a"


@pytest.mark.parametrize("mode", ["corrected", "as-published"])
@pytest.mark.parametrize("key", ["data", "network", "teacher", "student", "pretrain"])
@pytest.mark.parametrize("value", [[], 3, "x", {"source": []}, {"kind": {}}, [{}] * 1000])
def test_tables_of_another_kind_are_named(mode: str, key: str, value: object) -> None:
    found = problems({"name": "a", "system": "distiliqa", "mode": mode, key: value})
    assert any(key in line for line in found)
    assert max(map(len, found)) < 250


@pytest.mark.parametrize("value", [10**400, -(10**400)])
def test_numbers_too_large_for_any_field_are_named(value: int) -> None:
    assert problems({"name": "a", "teacher": {"learning_rate": value}})


OLD = """
name = "old"
members = 2
[network]
kind = "body"
body = "resnet18"
outputs = 2
[teacher]
average = 0.5
[student]
average = 0.25
[polish]
average = 0.125
"""


def test_names_of_an_earlier_version_are_read_with_a_warning(tmp_path: Path) -> None:
    file = tmp_path / "old.toml"
    file.write_text(OLD)
    with pytest.warns(OldNameWarning) as said:
        found = read_recipe(file)
    texts = " ".join(str(each.message) for each in said)
    for old, new in (
        ("'network.body'", "'network.backbone'"),
        ("'teacher.average'", "'teacher.ema_decay'"),
        ("'polish'", "'fine_tune'"),
        ("'fine_tune.average'", "'fine_tune.ema_decay'"),
    ):
        assert f"{old} is now {new}" in texts
    assert "network.kind 'body' is now 'backbone'" in texts
    assert found.network == BackboneNetwork(backbone="resnet18", outputs=2)
    assert found.teacher.ema_decay == 0.5
    assert found.student.ema_decay == 0.25
    assert found.fine_tune is not None
    assert found.fine_tune.ema_decay == 0.125


def test_what_is_kept_beside_data_and_weights_is_read_without_one(
    recwarn: pytest.WarningsRecorder,
) -> None:
    student = {"steps": 5, "average": 0.5}
    values = {"name": "a", "members": 0, "student": student, "polish": None}
    other = recipe_from({**values, "start": "b", "start_share": 0.5})
    assert other.fine_tune == FineTuneRecipe(
        steps=5, ema_decay=0.5, from_run="b", interpolation=0.5
    )
    own = recipe_from({**values, "start": "", "start_share": 0.0})
    assert own.fine_tune is None
    assert own.student == TrainRecipe(steps=5, ema_decay=0.5)
    assert not len(recwarn)


def test_the_card_of_the_shipped_model_holds_its_recipe() -> None:
    kept = recipe_from(load_card(DEFAULT_MODEL).facts["training"]["recipe"])
    written = read_recipe(FOLDER / f"{DEFAULT_MODEL}.toml")
    # What 'auto' was on the processor that trained it.
    assert (written.student.precision, kept.student.precision) == ("auto", "bf16")
    student = replace(written.student, precision="bf16")
    assert kept == replace(written, student=student)


def test_a_student_of_another_run_once_had_keys_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "old.toml"
    file.write_text('name = "a"\nmembers = 0\nfine_tune_from = "b"\n[student]\nsteps = 5\n')
    with pytest.warns(OldNameWarning, match=r"\[student\] are now \[fine_tune\] with 'from_run'"):
        assert read_recipe(file).fine_tune == FineTuneRecipe(steps=5, from_run="b")


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"fine_tune_from": "b", "fine_tune": {}}, "fine_tune_from"),
        ({"interpolation": 0.5}, "interpolation"),
        ({"fine_tune_from": "b", "student": 3}, "fine_tune_from"),
    ],
)
def test_old_keys_that_would_mean_something_else_are_refused(
    values: dict[str, Any], key: str
) -> None:
    assert f"{key} is not a key of a recipe" in problems({"name": "a", "members": 0, **values})


def test_both_names_at_once_are_refused() -> None:
    with pytest.raises(UsageError, match=r"student\.average is not a key of a recipe"):
        recipe_from({"name": "a", "student": {"average": 0.5, "ema_decay": 0.5}})
