"""Write ``docs/answers.md`` and ``docs/images/answers-*.webp``: a model's answers in pictures.

    python -m tools.answer_pictures [--model NAME] [--data data/ctiqa-s4] [--docs docs]

One slice of a held-out patient for every finding, one without, a limb and a phantom. The rule that
chooses them is on the page.
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import polars as pl

from ctiqa.catalog import DEFAULT_MODEL
from ctiqa.cli.console.status import DONE, NOTHING_DONE, status_of
from ctiqa.data.manifest import DRAWN, SHOWS, Examples, finding_column, read_examples
from ctiqa.data.simulation.findings import ARTEFACT_FINDINGS
from ctiqa.errors import CtiqaError, DataError, WeightsError
from ctiqa.hu import BODY_THRESHOLD_HU, WINDOWS, apply_window
from ctiqa.io.atomic import write_bytes
from ctiqa.recipe.network import FINDINGS, TOKEN
from ctiqa.score.engines.engine import Engine
from ctiqa.score.verdict import ABSTENTIONS, SURE, judge_slice
from ctiqa.types import HuImage, SliceHeader, SliceScore, SliceSource
from ctiqa.weights import ModelCard, load_model

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ROOT = Path(__file__).parents[1]

EXPLAINED: Mapping[str, str] = {
    "streaks": "Too few projection views.",
    "motion": "The patient moved during the scan.",
    "metal": "An implant hides what lies behind it.",
    "rings": "A detector element measures too much or too little.",
    "beam hardening": "Bone absorbs the soft part of the spectrum: dark bands between bones.",
    "starvation": "Too few photons get through the widest part of the body.",
    "truncation": "The patient is wider than the field of view.",
    "blurred": "Detail is lost, with or without noise.",
    "denoised": "A filter that is meant to keep edges has removed noise.",
    "sharp kernel": "Reconstructed for bone or lung: fine-grained noise, sharp edges.",
    "no finding": "Nothing is wrong with the slice.",
    "limb": "Arms at the side of the patient: no reference exists, so the model gives no score.",
    "phantom": "A drawn test object: not a patient, so the model gives no score.",
}
"""Every picture, in the order of the page, and what it shows."""

FREE = r"CC BY \d|CC0|public domain"
"""Licences of images that may be shown with attribution."""

BODY = ~pl.col(SHOWS).is_in(["", "limb", "phantom"])
"""Whether a slice shows a part of a patient that may be scored."""

LEAST_DOSE = 0.5
"""Share of full dose from which the defect, not the noise, is what is seen."""

PLAIN, TYPICAL = 0.1, 0.5
"""Share of the candidates that are noisier than the chosen one: with a finding, and without."""

WINDOW = "soft"
LIMITS_HU = (4.0, 128.0)
TICKS_HU = (4, 8, 16, 32, 64, 128)
"""Colour scale of the maps, logarithmic, the same for all pictures."""

WIDTH, WIDE, NARROW, GAP, TITLE, DPI = 1060, 640, 308, 12, 24, 100
"""Pixels: width of a picture, its slice, its maps; a gap; height of a title."""

MOST_WIDE = 2.0
"""Largest ratio of width and height of what is shown of a slice."""

Box = tuple[float, float, float, float]
Patches = npt.NDArray[np.float32]

LIGHT, FONT = "#d7dde3", 11
DARKEST = 0.5
"""Brightness of the colour of a black pixel."""

MOST_BYTES = 60_000
QUALITIES = range(90, 4, -5)
"""Largest file, and the qualities of WebP that are tried for it."""

SHOWN = 0.1
"""Probability from which a finding is listed."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A chosen slice and what the model answers.

    Attributes:
        kind: What it shows, a key of :data:`EXPLAINED`.
        row: Its row of the manifest.
        hu: CT numbers.
        true_map: ln of the true local noise in HU, NaN outside the patient.
        own_map: ln of the estimated local noise in HU.
        findings: Probability of every finding.
        verdict: Score, equivalent noise and region as a user gets them.
    """

    kind: str
    row: Mapping[str, Any]
    hu: HuImage
    true_map: Patches
    own_map: Patches
    findings: Mapping[str, float]
    verdict: SliceScore

    @property
    def file(self) -> str:
        """Name of the image."""
        return f"answers-{self.kind.replace(' ', '-')}.webp"


def main() -> None:
    """Draw the pictures and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default=DEFAULT_MODEL, help="name, or path of an .onnx file")
    parser.add_argument("--data", type=Path, default=ROOT / "data" / "ctiqa-s4")
    parser.add_argument("--docs", type=Path, default=ROOT / "docs")
    options = parser.parse_args()
    try:
        raise SystemExit(write(options.model, options.data, options.docs))
    except CtiqaError as error:
        sys.stderr.write(f"error: {error}\n")
        raise SystemExit(status_of(error)) from None


def write(name: str, data: Path, docs: Path) -> int:
    """Draw the pictures and write the page.

    Returns:
        The exit status.

    Raises:
        CtiqaError: If the model or the data set cannot be read.
    """
    model = load_model(name)
    if not model.card.findings:
        sys.stderr.write(
            f"model {model.card.name!r} answers nothing but the score; choose one with findings "
            "and a region with --model\n"
        )
        return NOTHING_DONE
    engine = Engine(model, 1)
    chosen = choose(read_examples(data))
    pictures = [_answered(engine, model.card, *each) for each in chosen.items()]
    for each in pictures:
        write_bytes(docs / "images" / each.file, drawn(each))
    write_bytes(docs / "answers.md", page(model.card.name, pictures).encode())
    return DONE


def _answered(engine: Engine, card: ModelCard, kind: str, example: Examples) -> Picture:
    hu = np.asarray(example.images()[0], dtype=np.float32)
    answers = engine.answer(hu[np.newaxis])
    if answers.log_noise_hu is None or answers.findings is None:
        raise WeightsError(
            f"model {card.name!r} lacks outputs that its card names; export it again"
        )
    rows, cols = hu.shape
    header = SliceHeader(SliceSource(Path(str(example.column("shard")[0]))), rows, cols)
    return Picture(
        kind=kind,
        row=example.table.row(0, named=True),
        hu=hu,
        true_map=np.asarray(example.maps()[0], dtype=np.float32),
        own_map=answers.log_noise_hu[0],
        findings=dict(zip(card.findings, answers.findings[0].tolist(), strict=True)),
        verdict=judge_slice(header, answers, 0, card),
    )


def choose(examples: Examples) -> dict[str, Examples]:
    """One example of every kind, by the rule on the page; the rarest kinds choose first.

    Raises:
        DataError: If the data set has no example of a kind.
    """
    if examples.findings() is None or examples.regions() is None:
        raise DataError(
            f"'{examples.folder}' must know what is wrong with its examples and what they show; "
            "prepare it with recipes/ctiqa-s4.toml"
        )
    held_out = examples.where(split="test", purpose="example").table
    found = {kind: held_out.filter(_is(kind)) for kind in EXPLAINED}
    used: set[str] = set()
    chosen: dict[str, Examples] = {}
    for kind in sorted(found, key=lambda kind: found[kind]["patient"].n_unique()):
        rest = found[kind].filter(~pl.col("patient").is_in(list(used)))
        if not len(rest):
            raise DataError(
                f"'{examples.folder}' must hold a held-out example of {kind!r} that may be shown, "
                "of a patient who is not shown yet; prepare a larger data set"
            )
        order = rest.sort("total_noise_hu", "id", descending=[True, False])
        row = order[int((PLAIN if kind in FINDINGS else TYPICAL) * len(order))]
        used.add(row["patient"].item())
        chosen[kind] = Examples(examples.folder, row)
    return {kind: chosen[kind] for kind in EXPLAINED}


def _is(kind: str) -> pl.Expr:
    """Whether an example shows one kind for certain, nothing else for certain, and may be shown."""
    own, columns = finding_column(kind), [finding_column(name) for name in FINDINGS]
    others = [pl.col(name).fill_null(0) == 0 for name in columns if name != own]
    free = pl.col("licence").str.contains(FREE)
    if kind == "phantom":
        free = pl.col("origin") == DRAWN
    shows = pl.col(SHOWS) == kind if kind in {"limb", "phantom"} else BODY
    if kind in FINDINGS:
        wrong = (pl.col(own) == 1) & pl.all_horizontal(others)
    else:
        wrong = pl.all_horizontal(pl.col(name) == 0 for name in columns)
    return free & shows & wrong & (pl.col("dose") >= LEAST_DOSE)


def drawn(picture: Picture) -> bytes:
    """The slice, the estimated and the true map of local noise, as WebP."""
    from matplotlib.cm import ScalarMappable  # noqa: PLC0415 - slow to import
    from matplotlib.colors import LogNorm  # noqa: PLC0415 - slow to import
    from matplotlib.figure import Figure  # noqa: PLC0415 - slow to import

    colours = ScalarMappable(LogNorm(*LIMITS_HU), "plasma")
    grey = apply_window(picture.hu, WINDOWS[WINDOW])[..., np.newaxis].repeat(3, axis=-1)
    view = _around(picture.hu)
    ratio = (view[2] - view[3]) / (view[1] - view[0])
    small = NARROW * ratio
    height = 2 * (TITLE + small) + GAP
    figure = Figure(figsize=(WIDTH / DPI, height / DPI), dpi=DPI, facecolor="black")
    _show(figure, (0, (height - WIDE * ratio) / 2, WIDE, WIDE * ratio), grey, view, "")
    for bottom, title, log_noise in (
        (small + TITLE + GAP, "local noise, estimated", picture.own_map),
        (0, "local noise, true", picture.true_map),
    ):
        known = np.where(np.isnan(picture.true_map), np.nan, log_noise)
        noise = _pixels(np.exp(known), picture.hu)[..., np.newaxis]
        coloured = colours.to_rgba(noise[..., 0])[..., :3] * (DARKEST + (1 - DARKEST) * grey)
        blended = np.where(np.isnan(noise), grey, coloured)
        _show(figure, (WIDE + GAP, bottom, NARROW, small), blended, view, title)
    place = _place(figure, (WIDE + NARROW + 2 * GAP, GAP, GAP, height - TITLE - GAP))
    bar = figure.colorbar(colours, cax=figure.add_axes(place))
    bar.set_ticks(TICKS_HU, labels=[f"{hu} HU" for hu in TICKS_HU])
    bar.minorticks_off()
    bar.ax.tick_params(colors=LIGHT, labelsize=FONT, length=0)
    bar.outline.set_visible(False)
    return _webp(figure)


def _show(figure: Figure, box: Box, image: npt.NDArray[np.float32], view: Box, title: str) -> None:
    """Show part of an image at a place given by left, bottom, width and height in pixels."""
    axes = figure.add_axes(_place(figure, box))
    axes.imshow(image, aspect="auto")
    axes.set_xlim(view[:2])
    axes.set_ylim(view[2:])
    axes.set_axis_off()
    axes.set_title(title, color=LIGHT, size=FONT, loc="left", pad=5)


def _place(figure: Figure, box: Box) -> Box:
    """A place in pixels as a share of the figure."""
    across, up = (DPI * float(side) for side in figure.get_size_inches())
    return box[0] / across, box[1] / up, box[2] / across, box[3] / up


def _around(hu: HuImage) -> Box:
    """Left, right, bottom and top edge of the part that is not air, at least as wide as high."""
    found = [np.flatnonzero((hu > BODY_THRESHOLD_HU).any(axis=axis)) for axis in (0, 1)]
    x, y = ((float(each[0]) + float(each[-1])) / 2 for each in found)
    width, height = (float(each[-1] - each[0]) + 2 * GAP for each in found)
    width = max(width, height)
    height = max(height, width / MOST_WIDE)
    return x - width / 2, x + width / 2, y + height / 2, y - height / 2


def _pixels(patches: Patches, hu: HuImage) -> Patches:
    """A map in patches as an image of the size of its slice."""
    large = patches.repeat(TOKEN, axis=0).repeat(TOKEN, axis=1)
    return large[: hu.shape[0], : hu.shape[1]]


def _webp(figure: Figure) -> bytes:
    """The figure at the best quality whose file is small enough."""
    from PIL import Image  # noqa: PLC0415 - optional

    plain = io.BytesIO()
    figure.savefig(plain, format="png", facecolor=figure.get_facecolor())
    image = Image.open(plain).convert("RGB")
    for quality in QUALITIES:
        data = io.BytesIO()
        image.save(data, "webp", quality=quality, method=6)
        if data.tell() <= MOST_BYTES:
            break
    return data.getvalue()


def page(model: str, pictures: Sequence[Picture]) -> str:
    """The page as Markdown."""
    introduction = [text.format(model=model) for text in INTRODUCTION]
    return "\n\n".join((*introduction, *map(_section, pictures), *SOURCES)) + "\n"


INTRODUCTION = (
    "# The answers in pictures",
    "Written by `python -m tools.answer_pictures`; the model is `{model}`.",
    "One slice for every finding, one without a finding, a limb and a phantom, each with all "
    "answers of the model. Their patients are test patients, and what was done to the slices is "
    "[simulated](data.md), so the true answers are known.",
    f"A picture shows the slice in the soft-tissue window ({WINDOWS[WINDOW].width_hu:g} HU wide, "
    f"centred at {WINDOWS[WINDOW].level_hu:g} HU). Beside it, colour shows the local noise in "
    f"patches of {TOKEN} × {TOKEN} pixels: as the model estimates it from this image alone, and as "
    "it is. All pictures have the same colour scale. The tables give the score with its 90 % "
    "prediction interval beside the label, and the findings with their probabilities: those from "
    f"{100 * SHOWN:.0f} % on are listed, those above {100 * SURE:.0f} % are reported to users and "
    "bold. [What a score means](score.md) explains the answers.",
    "**How the slices are chosen.** By a rule that does not know the answers. Candidates are test "
    f"examples at {100 * LEAST_DOSE:.0f} % of full dose or more whose images may be shown (CC BY, "
    "public domain, or drawn by ctiqa), and which certainly have this finding and no other; others "
    "may be too faint to tell. They are sorted by their true equivalent noise, and the one at the "
    f"upper {100 * PLAIN:.0f} % is taken, so that the defect is plain to see; without a finding, "
    "the middle one. Every patient appears once; kinds with the fewest patients choose first. "
    "Wrong answers stay.",
)

SOURCES = (
    "## Sources of the images",
    "Patients are named as in their collections; [NOTICE](../NOTICE) has the full citations. All "
    "slices were converted to HU, degraded by simulation as stated, cropped and windowed. "
    "Licences: [CC BY 3.0](https://creativecommons.org/licenses/by/3.0/), "
    "[CC BY 4.0](https://creativecommons.org/licenses/by/4.0/). Phantoms are drawn by ctiqa "
    "(Apache-2.0).",
)


def _section(picture: Picture) -> str:
    row, verdict = picture.row, picture.verdict
    title = picture.kind.capitalize()
    table = [
        ("", "estimated", "true"),
        ("---", "---", "---"),
        ("score", _score(verdict), f"{row['label']:.1f}"),
        ("equivalent noise", _hu(verdict.equivalent_noise_hu), _hu(row["total_noise_hu"])),
        ("region", verdict.region or "–", str(row[SHOWS]).replace("/", " or ")),
        ("findings", _found(picture), _true(row)),
    ]
    lines = "\n".join(f"| {' | '.join(cells)} |" for cells in table)
    return (
        f"## {title}\n\n{EXPLAINED[picture.kind]}\n\n"
        f"![{title}: the slice, and its local noise, estimated and true](images/{picture.file})\n\n"
        f"{lines}\n\n"
        f"{row['patient']}: {_degraded(row)}. Source: {row['origin']}, {row['licence']}."
    )


def _score(verdict: SliceScore) -> str:
    if verdict.score is None or verdict.interval is None:
        return f"none ({', '.join(ABSTENTIONS.get(flag, flag) for flag in verdict.flags)})"
    low, high = verdict.interval
    return f"{verdict.score:.1f} ({low:.1f}–{high:.1f})"


def _hu(noise: float | None) -> str:
    return "–" if noise is None else f"{noise:.0f} HU"


def _found(picture: Picture) -> str:
    """Findings with their probabilities, those that are reported in bold."""
    ranked = sorted(picture.findings.items(), key=lambda each: -each[1])
    listed = [f"{name} {100 * p:.0f} %" for name, p in ranked if p >= SHOWN]
    reported = sum(p > SURE for _, p in ranked)
    listed[:reported] = [f"**{each}**" for each in listed[:reported]]
    return ", ".join(listed) or "none"


def _true(row: Mapping[str, Any]) -> str:
    values = {name: row[finding_column(name)] for name in FINDINGS}
    certain = ", ".join(name for name, value in values.items() if value == 1) or "none"
    faint = ", ".join(name for name, value in values.items() if value is None)
    return f"{certain}; too faint to tell: {faint}" if faint else certain


def _degraded(row: Mapping[str, Any]) -> str:
    """What was done to the slice.

    >>> bare = {"kernel_half_per_mm": None, "artefact": None, "filter": None}
    >>> _degraded({"dose": 0.5, "views": 960, **bare})
    '50 % of the dose, 960 views'
    """
    parts = [f"{100 * row['dose']:.0f} % of the dose", f"{row['views']} views"]
    if row["kernel_half_per_mm"] is not None:
        parts.append(f"kernel with half response at {row['kernel_half_per_mm']:.2f}/mm")
    if row["artefact"] is not None:
        parts.append(f"{ARTEFACT_FINDINGS[row['artefact']]} added")
    if row["filter"] is not None:
        parts.append(f"filter: {row['filter']}")
    return ", ".join(parts)


if __name__ == "__main__":
    main()
