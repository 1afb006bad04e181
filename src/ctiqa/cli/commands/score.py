"""``ctiqa score``: from files and folders to scores and reports."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

# Strings, because Path("") would be the working folder.
Paths = Annotated[
    list[str],
    typer.Argument(
        help="Files and folders: DICOM (also in a zip archive), NIfTI, MetaImage, NRRD, TIFF, NPY.",
        metavar="PATH",
    ),
]
OutputFiles = Annotated[
    list[Path] | None,
    typer.Option(
        "--out",
        "--report",
        metavar="FILE",
        help="Write a .json, .csv, .parquet or .html file; repeatable.",
    ),
]
# A string, for the same reason as the paths.
MapFolder = Annotated[
    str | None,
    typer.Option(
        metavar="DIR",
        help="Write the map of local noise of every scored slice as PNG, and for DICOM as DICOM.",
    ),
]
ReportFolder = Annotated[
    str | None,
    typer.Option(
        "--sr",
        metavar="DIR",
        help="Write each result as a DICOM structured report of its study (extra 'clinic').",
    ),
]
PdfFolder = Annotated[
    str | None,
    typer.Option(
        "--pdf",
        metavar="DIR",
        help="Write each result as a PDF in a DICOM object of its study (extra 'clinic').",
    ),
]
Slices = Annotated[
    str | None,
    typer.Option(
        metavar="A:B",
        help="Score these slices of each scan, in z order, from 0, B not included.",
    ),
]
Jobs = Annotated[
    int | None,
    typer.Option(
        metavar="N", help="Number of threads and of reader processes; default: all cores."
    ),
]
ModelName = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Model name, or path of an .onnx file with its card."),
]
WindowName = Annotated[
    str | None,
    typer.Option(
        metavar="W/L", help="Width/level in HU or a name, for models with a choice of windows."
    ),
]
EngineName = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="onnxruntime, openvino (extra 'fast') or cuda; auto takes the fastest available.",
    ),
]
CalibrationFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Map the scores to local readers, by a file of 'ctiqa calibrate'."
    ),
]
TiffHu = Annotated[
    bool, typer.Option("--tiff-hu", help="Read float TIFF in [0, 1] as HU = 1400 p - 1000.")
]
Reformats = Annotated[
    bool, typer.Option("--allow-reformats", help="Also score reformats that are not axial.")
]
Quiet = Annotated[bool, typer.Option("--quiet", help="No table and no progress bar.")]


def score(
    paths: Paths,
    *,
    out: OutputFiles = None,
    maps: MapFolder = None,
    sr: ReportFolder = None,
    pdf: PdfFolder = None,
    slices: Slices = None,
    jobs: Jobs = None,
    model: ModelName = None,
    window: WindowName = None,
    engine: EngineName = "auto",
    calibration: CalibrationFile = None,
    tiff_hu: TiffHu = False,
    allow_reformats: Reformats = False,
    quiet: Quiet = False,
) -> None:
    """Score the image quality of CT scans, 0 (bad) to 4 (excellent).

    Ctrl-C writes the results so far and stops; a second Ctrl-C stops at once.

    Exit status: 0 done, 2 wrong usage, 3 done but inputs were skipped or a series got no DICOM
    object, 4 nothing was scored or could be done, 130 stopped.
    """
    from ctiqa.cli.scored_objects import objects_asked
    from ctiqa.cli.scoring import ScoreRequest, run_score
    from ctiqa.io import ReadOptions

    reading = ReadOptions(tiff_hu=tiff_hu, allow_reformats=allow_reformats)
    request = ScoreRequest(
        paths,
        out or [],
        maps,
        slices,
        model,
        window,
        engine,
        jobs,
        reading,
        quiet=quiet,
        calibration=calibration,
        objects=objects_asked(sr=sr, pdf=pdf),
    )
    raise typer.Exit(run_score(request))
