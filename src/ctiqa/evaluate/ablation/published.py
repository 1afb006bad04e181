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

VOLUNTEERS = "2 test patients of CCCIDB, labels from PSNR and SSIM, single runs"
HELD_OUT = "200 of the 1,000 training slices"
OFFICIAL = "the 300 official test slices"


MEASURES = ("overall", "plcc", "srocc", "krocc", "mae", "mse")
"""What is published of a method, in the order of the papers' tables."""


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

    @property
    def measures(self) -> dict[str, float]:
        """The figures that are published, by name.

        >>> published("challenge")["RPI_AXIS"].measures
        {'overall': 2.6843}
        """
        return dict(zip(MEASURES, (self.overall, *self.figures), strict=False))


def _rows(
    table: str, measured_on: str, source: str, values: dict[str, tuple[float, ...]]
) -> Iterator[PublishedRow]:
    for name, (overall, *figures) in values.items():
        yield PublishedRow(table, name, overall, tuple(figures), measured_on, source)


THE_METHOD = (2.8070, 0.9916, 0.9683, 0.8471, 0.0259, 0.0010)
"""Shen et al.'s method: four blocks, four members, beta 0.75; a row of all four tables."""

PUBLISHED: tuple[PublishedRow, ...] = (
    *_rows(
        "blocks",
        VOLUNTEERS,
        SHEN,
        {
            "0 blocks": (2.6325, 0.9311, 0.9292, 0.7723, 0.0655, 0.0102),
            "1 blocks": (2.5841, 0.8863, 0.9295, 0.7683, 0.0977, 0.0141),
            "2 blocks": (2.6838, 0.9363, 0.9446, 0.8028, 0.0735, 0.0113),
            "3 blocks": (2.6943, 0.9579, 0.9456, 0.7908, 0.0486, 0.0050),
            "4 blocks": THE_METHOD,
            "5 blocks": (2.7154, 0.9613, 0.9525, 0.8016, 0.0504, 0.0049),
        },
    ),
    *_rows(
        "members",
        VOLUNTEERS,
        SHEN,
        {
            "1 members": (2.6684, 0.9519, 0.9376, 0.7789, 0.0499, 0.0054),
            "2 members": (2.7536, 0.9755, 0.9587, 0.8195, 0.0322, 0.0025),
            "3 members": (2.7922, 0.9761, 0.9679, 0.8481, 0.0320, 0.0025),
            "4 members": THE_METHOD,
            # The copy that was read has this row's cells out of order. The sum fixes which is
            # KROCC; of the other two the larger is taken for PLCC, as in the rows above.
            "5 members": (2.7439, 0.9609, 0.9505, 0.8325, 0.0701, 0.0074),
        },
    ),
    *_rows(
        "beta",
        VOLUNTEERS,
        SHEN,
        {
            "beta 0": (2.3926, 0.8994, 0.8511, 0.6422, 0.0798, 0.0116),
            "beta 0.2": (2.6823, 0.9609, 0.9386, 0.7828, 0.0849, 0.0104),
            "beta 0.25": (2.6546, 0.9429, 0.9343, 0.7774, 0.0650, 0.0090),
            "beta 0.4": (2.6406, 0.8872, 0.9498, 0.8037, 0.0761, 0.0150),
            "beta 0.5": (2.6373, 0.9328, 0.9373, 0.7673, 0.0577, 0.0070),
            "beta 0.6": (2.7482, 0.9603, 0.9584, 0.8295, 0.0333, 0.0041),
            "beta 0.75": THE_METHOD,
            "beta 0.8": (2.7237, 0.9788, 0.9477, 0.7972, 0.0423, 0.0034),
            "beta 1": (2.6699, 0.9588, 0.9379, 0.7732, 0.0471, 0.0047),
        },
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
            "this method": THE_METHOD,
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
            # The poster's copy lacks one of DBCNN's figures.
            "DBCNN": (2.8255,),
            "MD-IQA": (2.8670, 0.9771, 0.9793, 0.9106),
            "MANIQA": (2.8445, 0.9768, 0.9786, 0.8891),
            "EfficientNetV2-L": (2.8082, 0.9569, 0.9741, 0.8772),
            "SSIQA": (2.8456, 0.9784, 0.9767, 0.8905),
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


def published_beside(kind: str, setting: str | None = None) -> dict[str, PublishedRow]:
    """The published rows of an ablation's variants, or of the compared networks.

    Args:
        kind: What is varied.
        setting: TFKT's setting that the data set is of, ``A`` or ``B``: its test slices are held
            out of the challenge's training slices, or are the official ones. ``None`` of other
            data.

    Returns:
        The rows by name; none where nothing is published.

    >>> published_beside("tfkt", "B")["TFKT without phase 1"].overall
    2.6261
    """
    return published("challenge" if kind == "tfkt" and setting == "B" else kind)
