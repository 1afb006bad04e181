"""What code hosts and editors read is well-formed, and says what the project says elsewhere."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))

WRITES = {
    ("release.yml", "build"): {"id-token", "attestations"},
    ("release.yml", "publish"): {"id-token"},
}
"""The only jobs that may write anything, and what."""


def content(file: Path) -> dict[Any, Any]:
    read = yaml.safe_load(file.read_text(encoding="utf-8"))
    assert isinstance(read, dict)
    return read


def jobs() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """File, name and content of every job."""
    for file in WORKFLOWS:
        for name, job in content(file)["jobs"].items():
            yield file.name, name, job


def project() -> dict[str, Any]:
    read: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    found: dict[str, Any] = read["project"]
    return found


def pinned(package: str) -> str:
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    found = re.search(rf"^{package}==(\S+)$", text, re.MULTILINE)
    assert found is not None, package
    return found[1]


def test_there_are_workflows_and_forms() -> None:
    assert {file.stem for file in WORKFLOWS} >= {"tests", "coverage", "nightly", "release"}
    assert {file.stem for file in FORMS} >= {"bug", "config", "idea"}


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)
def test_a_workflow_may_read_and_no_more(file: Path) -> None:
    read = content(file)
    assert read["permissions"] == {"contents": "read"}
    # YAML takes the word 'on' for true.
    assert read[True]


@pytest.mark.parametrize(("file", "name", "job"), list(jobs()), ids=lambda each: str(each)[:20])
def test_a_job(file: str, name: str, job: dict[str, Any]) -> None:
    may_write = {what for what, how in job.get("permissions", {}).items() if how == "write"}
    assert may_write == WRITES.get((file, name), set())
    if "uses" in job:
        assert (ROOT / job["uses"]).is_file()
        return
    assert job["timeout-minutes"] > 0
    for step in job["steps"]:
        assert ("uses" in step) != ("run" in step)
        assert "uses" not in step or re.fullmatch(
            r"[\w/-]+@(v\d+|release/v\d+|[0-9a-f]{40})", step["uses"]
        )
        # What outsiders choose would be run as code.
        assert "${{" not in step.get("run", "")
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


def test_core_tests_run_on_every_system_and_python() -> None:
    core = content(ROOT / ".github" / "workflows" / "tests.yml")["jobs"]["core"]
    matrix = core["strategy"]["matrix"]
    assert {each.split("-")[0] for each in matrix["os"]} == {"ubuntu", "macos", "windows"}
    assert f">={matrix['python'][0]}" == project()["requires-python"]
    assert any("@tests/core.txt" in step.get("run", "") for step in core["steps"])


def test_a_release_waits_for_the_tests_and_is_built_once() -> None:
    release = content(ROOT / ".github" / "workflows" / "release.yml")["jobs"]
    assert release["build"]["needs"] == "tests"
    assert release["publish"]["needs"] == "build"
    assert release["publish"]["environment"]["name"] == "pypi"


@pytest.mark.parametrize("file", [each for each in FORMS if each.stem != "config"], ids=str)
def test_an_issue_form(file: Path) -> None:
    form = content(file)
    assert form["name"]
    assert form["description"]
    asked = [each for each in form["body"] if each["type"] != "markdown"]
    assert len({each["id"] for each in asked}) == len(asked)
    for each in asked:
        assert each["attributes"]["label"]


def test_hooks_format_as_the_checks_do() -> None:
    repositories = content(ROOT / ".pre-commit-config.yaml")["repos"]
    ruff = next(each for each in repositories if each["repo"].endswith("ruff-pre-commit"))
    assert ruff["rev"] == f"v{pinned('ruff')}"
    assert {hook["id"] for hook in ruff["hooks"]} == {"ruff", "ruff-format"}


def test_dependencies_and_actions_are_kept_up_to_date() -> None:
    updates = content(ROOT / ".github" / "dependabot.yml")["updates"]
    assert {each["package-ecosystem"] for each in updates} == {"github-actions", "pip"}


def test_every_core_test_exists() -> None:
    lines = (ROOT / "tests" / "core.txt").read_text(encoding="utf-8").split()
    assert lines == sorted(set(lines))
    for line in lines:
        assert (ROOT / line.removeprefix("--ignore=")).exists(), line


def test_links_of_the_project_lead_to_one_place() -> None:
    home = project()["urls"]["Source"]
    for url in project()["urls"].values():
        assert url.startswith(home)
    for file in (*FORMS, ROOT / "SECURITY.md", ROOT / "CODE_OF_CONDUCT.md"):
        for url in re.findall(
            r"https://github\.com/[\w-]+/[\w-]+", file.read_text(encoding="utf-8")
        ):
            assert url == home


def test_what_is_developed_with_is_pinned() -> None:
    extras = project()["optional-dependencies"]
    for extra in ("dev", "test", "train", "clinic", "fast"):
        for line in extras[extra]:
            name = re.split(r"[<>=\[]", line)[0]
            assert name == "ctiqa" or pinned(re.sub(r"[-_.]+", "-", name).lower())


def test_hypothesis_has_one_profile() -> None:
    """In tests/conftest.py; what a test may choose is how many examples it tries."""
    own = re.compile(r"\b(deadline|derandomize|database)=")
    files = set((ROOT / "tests").rglob("*.py")) - {Path(__file__), ROOT / "tests" / "conftest.py"}
    assert not [f for f in sorted(files) if own.search(f.read_text(encoding="utf-8"))]
