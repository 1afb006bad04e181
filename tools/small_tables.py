"""Run the comparison and the ablations at small size (two CPU cores), and write their page.

    python -m tools.small_tables --data data/systems-small --natural data/natural-small

Every study is an ordinary ctiqa command. Studies of one system share its teacher, so they run one
after the other; the systems run in parallel, one thread each. Results are stored, so an interrupted
run can be resumed. The page has every table with its command.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ctiqa.evaluate.ablation.published import published
from ctiqa.evaluate.ablation.results import summary_from
from ctiqa.evaluate.ablation.tables import table_markdown
from ctiqa.io.atomic import write_bytes

PAGE = Path("docs/results/small.md")
EPOCHS = 2
"""Epochs per training: enough to see large effects, few enough for two cores."""


@dataclass(frozen=True, slots=True)
class Study:
    """One table.

    Attributes:
        title: Heading in the page.
        words: ``compare``, or ``ablate`` and what is varied.
        recipe: Name of the recipe.
        only: Variants to run; all if empty.
    """

    title: str
    words: tuple[str, ...]
    recipe: str
    only: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """Name of the table's files."""
        return "networks" if self.words == ("compare",) else self.words[-1]


CHAINS: tuple[tuple[Study, ...], ...] = (
    (
        Study(
            "Members of the teacher (Shen et al., table 2)",
            ("ablate", "members"),
            "shen2025-small",
        ),
        Study(
            "Weight of the distillation (Shen et al., table 3)",
            ("ablate", "beta"),
            "shen2025-small",
        ),
        Study(
            "Blocks of the stem (Shen et al., table 1)",
            ("ablate", "blocks"),
            "shen2025-small",
            # Not four and five: their widest convolutions would take hours.
            ("0 blocks", "1 blocks", "2 blocks", "3 blocks"),
        ),
        Study("What the defects of Shen et al. cost", ("ablate", "defects"), "shen2025-small"),
    ),
    (
        Study("What the defects of DistilIQA cost", ("ablate", "defects"), "distiliqa-small"),
        Study(
            "Networks on the same data (Shen et al., table 4; TFKT's baselines)",
            ("compare",),
            "shen2025-small",
            # Not VGGNet: alone it would take half an hour on one thread.
            (
                "own network alone",
                "this method",
                "ViT",
                "ResNet",
                "DenseNet",
                "GoogLeNet",
                "EfficientNetV2",
                "MANIQA-like",
                "DBCNN-like",
            ),
        ),
    ),
    (
        Study("TFKT without one of its parts (Rifa et al.)", ("ablate", "tfkt"), "tfkt-small"),
        Study("What the defects of TFKT cost", ("ablate", "defects"), "tfkt-small"),
    ),
)
"""Chains of studies that run one after the other; the chains run in parallel."""


def command(study: Study, data: Path, natural: Path, out: Path) -> list[str]:
    """Arguments of the study's command, after ``ctiqa``."""
    recipe = Path("recipes") / f"{study.recipe}.toml"
    words = [*study.words, str(recipe), "--data", str(data), "--out", str(out)]
    words += ["--epochs", str(EPOCHS), "--device", "cpu"]
    if study.recipe.startswith("tfkt"):
        words += ["--natural", str(natural)]
    return words + [word for name in study.only for word in ("--only", name)]


def folder_of(study: Study, runs: Path) -> Path:
    """Folder of a study; studies that can share a teacher have the same folder."""
    return runs / ("networks" if study.kind == "networks" else study.recipe)


def run(chain: Sequence[Study], data: Path, natural: Path, runs: Path) -> None:
    """Run studies one after the other on one thread, each with a log file."""
    program = [sys.executable, "-m", "ctiqa.cli"]
    for study in chain:
        folder = folder_of(study, runs)
        folder.mkdir(parents=True, exist_ok=True)
        log = folder / f"{study.kind}.log"
        with log.open("a", encoding="utf-8") as stream:
            done = subprocess.run(
                [*program, *command(study, data, natural, folder)],
                env={**os.environ, "OMP_NUM_THREADS": "1"},
                stdout=stream,
                stderr=stream,
                check=False,
            )
        if done.returncode:
            raise SystemExit(f"error: {study.title} ended with {done.returncode}; see {log}")
        sys.stdout.write(f"{study.title}: done\n")


def page(runs: Path) -> str:
    """The page of all studies as Markdown."""
    parts = [HEAD.format(epochs=EPOCHS, machine=machine())]
    for study in (study for chain in CHAINS for study in chain):
        stored = json.loads((folder_of(study, runs) / f"{study.kind}.json").read_text("utf-8"))
        parts += [
            f"## {study.title}",
            f"![{study.title}]({picture_name(study)})",
            table(stored, study.kind),
        ]
    return "\n\n".join(parts).rstrip() + "\n"


HEAD = """# Comparison and ablations at small size

Generated by `make tables-small`. Small recipes, slices simulated from real scans, held-out test
patients, randomly initialized backbones, at most {epochs} epochs per training, one seed, one thread
of {machine}. Intervals are 95 %, bootstrapped by patient. Such short trainings show large effects
only: **differences within the intervals mean nothing**, and no row shows how good a network can
become. The full recipes run with the same commands without `--epochs`. [README.md](README.md)
explains what the tables show."""


def machine() -> str:
    """Name of the processor."""
    file = Path("/proc/cpuinfo")
    if not file.exists():
        return platform.processor() or platform.machine()
    lines = file.read_text("utf-8").splitlines()
    return next((w.split(":")[1].strip() for w in lines if w.startswith("model name")), "a CPU")


def table(stored: Mapping[str, Any], kind: str) -> str:
    """A stored table, as printed by its command."""
    facts = {key: stored[key] for key in ("command", "date", "data", "minutes")}
    return table_markdown(list(map(summary_from, stored["rows"])), published(kind), facts)


def picture_name(study: Study) -> str:
    """File of a study's chart beside the page."""
    return f"small-{study.recipe.removesuffix('-small')}-{study.kind}.png"


def write_page(runs: Path, file: Path) -> None:
    """Write the page, and the chart of every study beside it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    for study in (study for chain in CHAINS for study in chain):
        picture = folder_of(study, runs) / f"{study.kind}.png"
        write_bytes(file.parent / picture_name(study), picture.read_bytes())
    write_bytes(file, page(runs).encode())
    sys.stdout.write(f"wrote {file}\n")


def main() -> None:
    """Run what is missing, then write the page and its charts."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--natural", type=Path, required=True)
    parser.add_argument("--runs", type=Path, default=Path("runs/tables-small"))
    parser.add_argument("--page", type=Path, default=PAGE)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    with ThreadPoolExecutor(given.jobs) as pool:
        for done in [pool.submit(run, c, given.data, given.natural, given.runs) for c in CHAINS]:
            done.result()
    write_page(given.runs, given.page)


if __name__ == "__main__":
    main()
