"""``ctiqa benchmark``: denoisers against a reference, with a verdict in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ctiqa.cli.commands.score import EngineName, ModelName, TiffHu
from ctiqa.cli.console.command import command_of
from ctiqa.cli.console.say import say
from ctiqa.cli.console.status import DONE, DONE_WITH_SKIPS

if TYPE_CHECKING:
    from ctiqa.benchmarking.files import FilesRequest
    from ctiqa.benchmarking.result import Benchmark

# Strings, because Path("") would be the working folder.
Methods = Annotated[
    list[str],
    typer.Argument(
        metavar="METHOD",
        help="Output of each method: PATH or NAME=PATH, a file or folder of CT in HU.",
        show_default=False,
    ),
]
ReferencePath = Annotated[
    str, typer.Option(metavar="PATH", help="The images to be reached, such as full dose.")
]
InputPath = Annotated[
    str, typer.Option("--input", metavar="PATH", help="The images that the methods were given.")
]
OutFolder = Annotated[
    str, typer.Option(metavar="DIR", help="Folder for benchmark.json, slices.csv, index.html.")
]
WindowText = Annotated[
    str,
    typer.Option(metavar="W/L", help="Window of PSNR, SSIM, VIF and GMSD: width/level, or a name."),
]
Match = Annotated[
    Literal["auto", "position", "name", "order"],
    typer.Option(help="How slices are matched; auto takes the first that applies."),
]
Jobs = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, help="Slices measured in parallel; default: all cores."),
]
Quiet = Annotated[bool, typer.Option("--quiet", help="No table and no progress bar.")]


def benchmark(
    context: typer.Context,
    methods: Methods,
    *,
    reference: ReferencePath,
    low: InputPath,
    out: OutFolder,
    window: WindowText = "soft",
    match: Match = "auto",
    model: ModelName = None,
    engine: EngineName = "auto",
    jobs: Jobs = None,
    tiff_hu: TiffHu = False,
    quiet: Quiet = False,
) -> None:
    """Compare denoisers with their input against a reference: measures, intervals, verdicts.

    Slices are matched by position, else by file name, else by order; doubt is an error.

    Exit status: 0 done, 2 wrong usage or images that do not belong together, 3 done but slices
    were left out, 4 nothing could be compared or written, 130 stopped.
    """
    from ctiqa.benchmarking.files import FilesRequest
    from ctiqa.cli.console.stopping import break_off, stoppable
    from ctiqa.hu import Window
    from ctiqa.io import ReadOptions
    from ctiqa.io.atomic import check_results_folder
    from ctiqa.io.scans import as_paths

    (folder,) = as_paths(out)
    check_results_folder(folder)
    request = FilesRequest(
        reference,
        low,
        methods,
        ReadOptions(tiff_hu=tiff_hu),
        None if match == "auto" else match,
        Window.parse(window),
    )
    with stoppable() as stop:
        try:
            found = _run(request, model, engine, jobs, quiet=quiet)
            found.write(folder, command=command_of(context))
        except KeyboardInterrupt:
            break_off(stop)
    if not quiet:
        say(f"{found}\n\nPage: {folder / 'index.html'}")
    skips = [each for each in found.left_out if each.reason != "no_body"]
    raise typer.Exit(DONE_WITH_SKIPS if skips else DONE)


def _run(
    request: FilesRequest, model: str | None, engine: str, jobs: int | None, *, quiet: bool
) -> Benchmark:
    from ctiqa.benchmarking.files import benchmark_files
    from ctiqa.catalog import DEFAULT_MODEL
    from ctiqa.cli.console.progress import stage_bars
    from ctiqa.io.dicom.decoding import lazy_gdcm
    from ctiqa.score import Scorer
    from ctiqa.system.processor import usable_cores

    lazy_gdcm.claim_process()
    scorer = Scorer(model or DEFAULT_MODEL, jobs=1, engine=engine)
    with stage_bars(quiet=quiet) as progress:
        return benchmark_files(request, scorer, jobs=jobs or usable_cores(), progress=progress)
