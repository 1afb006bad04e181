"""Arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

RecipeFile = Annotated[Path, typer.Argument(help="Recipe (.toml).")]
DataFolder = Annotated[
    Path, typer.Option(help="Data set made by 'ctiqa prepare', from whatever source.")
]
RunFolder = Annotated[Path, typer.Option(help="Run folder; it may be moved afterwards.")]
Pretrained = Annotated[
    str | None,
    typer.Option(
        help="Weights of the backbones: 'hub', 'none', or a .safetensors file (for two backbones "
        "two files, joined as in PATH)."
    ),
]
ModeName = Literal["as-published", "corrected"]
ModeOption = Annotated[
    ModeName | None,
    typer.Option(help="As published by the authors, or corrected; default: the recipe's mode."),
]
DeviceName = Literal["auto", "cpu", "cuda"]
DeviceOption = Annotated[DeviceName, typer.Option(help="Device; 'auto' takes a GPU if present.")]
Resume = Annotated[
    bool, typer.Option("--resume/--no-resume", help="Resume an interrupted training.")
]

SplitOption = Annotated[str, typer.Option(help="Split to evaluate on.")]
StudyFolder = Annotated[
    Path, typer.Option(help="Folder for trainings and tables; finished work is kept.")
]
Seeds = Annotated[int, typer.Option(min=1, help="Trainings per variant.")]
Only = Annotated[
    list[str] | None, typer.Option(metavar="NAME", help="Only this variant; may be repeated.")
]
Epochs = Annotated[
    int | None, typer.Option(min=1, help="Most epochs per training; default: the recipe's.")
]
Natural = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Natural images with scores, for TFKT's first phase."),
]
