"""The examples of docs/how-to/cluster.md are what the engines read."""

from __future__ import annotations

import re
import subprocess
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from ctiqa.cluster import Shard
from ctiqa.cluster.engines.kubernetes import KubernetesEngine
from ctiqa.cluster.engines.settings import read_settings
from ctiqa.cluster.engines.slurm import SlurmEngine
from ctiqa.cluster.engines.tls import TlsFiles

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "cluster.md"
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("slurm", SlurmEngine), ("kubernetes", KubernetesEngine), ("cluster", TlsFiles)],
)
def test_settings(name: str, kind: type[Any], tmp_path: Path) -> None:
    (text,) = [text for _, text in BLOCKS if text.startswith(f"# {name}.toml")]
    file = tmp_path / "example.toml"
    file.write_text(text)
    assert isinstance(read_settings(file, kind), kind)
    shown = set(re.findall(r"^(\w+) =", text, re.MULTILINE))
    assert {each.name for each in fields(kind)} - shown <= {"insecure"}


def test_the_job_array() -> None:
    (script,) = [text for _, text in BLOCKS if "#SBATCH" in text]
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)
    first, last = re.findall(r"--array=(\d+)-(\d+)", script)[0]
    shard = re.findall(r'--shard "\$SLURM_ARRAY_TASK_ID(/\d+)"', script)[0]
    assert [Shard.parse(f"{n}{shard}").of for n in (first, last)] == [int(last)] * 2
