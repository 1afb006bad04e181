"""What the papers and the challenge have published, as data, each row with its source.

Figures of different test sets are not comparable: every row says what it was measured on, and
slices held out of the 1,000 training slices of LDCTIQAC2023 score about 0.16 higher than the
official 300.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

SHEN = "Shen, Zhang, Liu, Modeling and Simulation 14(3):186-198, 2025"
TFKT = "Rifa, Ahamed, Zhang, Imran, SPIE Medical Imaging, 2025"
CHALLENGE = "LDCTIQAC2023, official test; Lee et al., Med Image Anal 99:103343, 2025"

VOLUNTEERS = "2 test patients, labels from PSNR and SSIM, single runs"
HELD_OUT = "200 of the 1,000 training slices"
OFFICIAL = "the 300 official test slices"


@dataclass(frozen=True, slots=True)
class PublishedRow:
    """One published result.

    Attributes:
        table: Name of the table it belongs to.
        name: Method or setting.
        overall: |PLCC| + |SROCC| + |KROCC|.
        figures: PLCC, SROCC, KROCC and, where given, MAE and MSE.
        measured_on: What it was measured on.
        source: Where it was published.
    """

    table: str
    name: str
    overall: float
    figures: tuple[float, ...]
    measured_on: str
    source: str


def _settings(table: str, unit: str, values: dict[float, float]) -> Iterator[PublishedRow]:
    for value, overall in values.items():
        yield PublishedRow(table, f"{value:g} {unit}", overall, (), VOLUNTEERS, SHEN)


def _rows(
    table: str, measured_on: str, source: str, values: dict[str, tuple[float, ...]]
) -> Iterator[PublishedRow]:
    for name, (overall, *figures) in values.items():
        yield PublishedRow(table, name, overall, tuple(figures), measured_on, source)


PUBLISHED: tuple[PublishedRow, ...] = (
    *_settings(
        "blocks",
        "blocks",
        {0: 2.6325, 1: 2.5841, 2: 2.6838, 3: 2.6943, 4: 2.8070, 5: 2.7154},
    ),
    *_settings("members", "members", {1: 2.6684, 2: 2.7536, 3: 2.7922, 4: 2.8070, 5: 2.7439}),
    *(
        PublishedRow("beta", f"beta {beta:g}", overall, (), VOLUNTEERS, SHEN)
        for beta, overall in {
            0.0: 2.3926,
            0.2: 2.6823,
            0.25: 2.6546,
            0.4: 2.6406,
            0.5: 2.6373,
            0.6: 2.7482,
            0.75: 2.8070,
            0.8: 2.7237,
            1.0: 2.6699,
        }.items()
    ),
    *_rows(
        "networks",
        VOLUNTEERS,
        SHEN,
        {
            "ViT": (2.7224, 0.9562, 0.9533, 0.8128, 0.0552, 0.0073),
            "own network alone": (2.7836, 0.9746, 0.9669, 0.8420, 0.0378, 0.0031),
            "ResNet": (2.7126, 0.9577, 0.9508, 0.8041, 0.0583, 0.0063),
            "DenseNet": (2.7731, 0.9799, 0.9621, 0.8311, 0.0591, 0.0049),
            "VGGNet": (2.7839, 0.9762, 0.9654, 0.8423, 0.0333, 0.0024),
            "GoogLeNet": (2.7423, 0.9633, 0.9597, 0.8194, 0.0665, 0.0090),
            "this method": (2.8070, 0.9916, 0.9683, 0.8471, 0.0259, 0.0010),
        },
    ),
    *_rows(
        "tfkt",
        HELD_OUT,
        TFKT,
        {
            "TFKT, features frozen": (2.8332, 0.9724, 0.9757, 0.8852),
            "TFKT without phase 1": (2.8745, 0.9809, 0.9840, 0.9097),
            "TFKT": (2.8814, 0.9842, 0.9846, 0.9126),
            "DBCNN": (2.8255,),
            "MD-IQA": (2.8670,),
            "MANIQA": (2.8445,),
            "EfficientNetV2-L": (2.8082,),
            "SSIQA": (2.8456,),
        },
    ),
    *_rows(
        "challenge",
        OFFICIAL,
        TFKT,
        {
            "TFKT without phase 1": (2.6261, 0.9221, 0.9294, 0.7746),
            "TFKT-V2": (2.6976,),
        },
    ),
    *_rows(
        "challenge",
        OFFICIAL,
        CHALLENGE,
        {
            "agaldran": (2.7427, 0.9491, 0.9495, 0.8440),
            "RPI_AXIS": (2.6843,),
            "CHILL@UK": (2.6719,),
            "FeatureNet": (2.6550,),
            "Team Epoch": (2.6202,),
            "gabybaldeon": (2.5671,),
        },
    ),
)
"""Every published row."""


def published(table: str) -> dict[str, PublishedRow]:
    """The rows of one table by name.

    >>> published("blocks")["4 blocks"].overall
    2.807
    """
    return {row.name: row for row in PUBLISHED if row.table == table}
