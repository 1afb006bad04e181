"""``docs/distiliqa-users.md``: every command, key, value and file that it names is there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer

from ctiqa.cli.app import app
from ctiqa.recipe import as_published, defects_of, read_recipe, recipe_from

ROOT = Path(__file__).parents[1]

PAGE = (ROOT / "docs" / "distiliqa-users.md").read_text(encoding="utf-8")

RECIPE = read_recipe(ROOT / "recipes" / "distiliqa.toml").as_dict()

OPTIONS = (
    *("task", "data_preprocess_path", "img_extension", "train_cases", "test_cases", "img_size"),
    *("lr", "num_epochs_teacher", "num_epochs_student", "device", "batch_size_teacher"),
    *("batch_size_student", "conv_stem", "distill_weight", "weights_path", "student_weight_path"),
)
"""All options of the authors' ``main.py``."""

TASKS = ("preprocessing", "train_teacher", "train_student", "evaluate")

COMMANDS = sorted(set(re.findall(r"(?:^|`)(ctiqa [^`\n]+)", PAGE, re.MULTILINE)))

KEY = re.compile(r"`((?:data|network|teacher|student)\.\w+|members)`(?: = `([^`]*)`)?")


def rows(title: str) -> list[list[str]]:
    """Cells of the tables under a heading."""
    (section,) = re.findall(rf"^## {title}\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE)
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def command_of(words: list[str]) -> tuple[Any, list[str]]:
    """The command that words name, and what follows."""
    found: Any = typer.main.get_command(app)
    while hasattr(found, "commands"):
        found, words = found.commands[words[0]], words[1:]
    return found, words


def value_of(key: str) -> Any:
    """What the recipe has under a dotted key."""
    value: Any = RECIPE
    for name in key.split("."):
        value = value[name]
    return value


def as_written(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def test_every_task_has_a_command() -> None:
    cells = rows("The four tasks")[1:]
    assert [cell.strip("`") for cell, _ in cells] == list(TASKS)
    assert all(command.startswith("`ctiqa ") for _, command in cells)


def test_every_option_is_answered() -> None:
    named = [option for option, *_ in rows("Its options")]
    assert [n for n in named if n.startswith("`--")] == [f"`--{name}`" for name in OPTIONS]


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_and_option_exists(line: str) -> None:
    found, words = command_of(shlex.split(line)[1:])
    known = {name for each in found.params for name in (*each.opts, *each.secondary_opts)}
    assert {word for word in words if word.startswith("--")} <= known
    for word in words:
        if word.endswith(".toml"):
            assert (ROOT / word).exists()


def test_every_key_exists_and_has_the_value_that_is_written() -> None:
    found = KEY.findall(PAGE)
    assert len(found) > 30
    for key, value in found:
        assert not value or as_written(value_of(key)) == value, key


@pytest.mark.parametrize("key", ["student.select", "student.gate", "student.distillation"])
def test_what_is_published_is_what_the_page_says(key: str) -> None:
    (said,) = re.findall(rf"`{key}` = `\w+`; as published `(\w+)`", PAGE)
    published = recipe_from(as_published(RECIPE, defects_of("distiliqa"))).as_dict()
    table, name = key.split(".")
    assert published[table][name] == said
