"""Units and image types: what the header calls the picture."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
from tests.corpus import build
from tests.corpus.case import Case, Right, read, refused
from tests.io import make

from ctiqa.errors import Reason
from ctiqa.io import ReadOptions

PLAIN = read(build.as_read)
NOT_HU = refused(Reason.NOT_HU)
DERIVED = refused(Reason.DERIVED)
MAP = refused(Reason.DERIVED, Reason.NOT_HU)

RESCALE_TYPES = "DICOM PS3.3 C.11.1.1.2, Sup 188, PS3.17 JJJJ.4, MeshLib#3636"
WRITERS = "SimpleITK#1014, InsightSoftwareConsortium/ITK#4733"
SIEMENS = "ImageTypes of RSNA head CT; dicom_dre device catalogue, rules 18-20"
MULTI_ENERGY = "DICOM Sup 188, PS3.3 C.8.15.2.1.1.5, PS3.17 JJJJ.4"


def iodine(folder: Path, unit: str) -> None:
    """An iodine density map with its unit."""
    stored = np.clip(build.plain() + 200, 0, 4000).astype(np.uint16)
    build.dicom(folder, stored, RescaleSlope="0.01", RescaleIntercept="0", RescaleType=unit)


def enhanced(folder: Path, kind: str) -> None:
    """An Enhanced CT of two frames, with the third value of its FrameType."""
    hu = [build.plain(), build.stack(2)[1]]
    make.write_enhanced(folder / "a.dcm", hu, slopes=[1, 1], z_mm=[0, 5], types=[kind, kind])


def enhanced_as_read() -> build.Hu:
    """The frames of :func:`enhanced`."""
    return build.stack(2).astype(np.float32)


def image_type(
    *values: str, right: Right, source: str, why: str, options: ReadOptions | None = None
) -> Case:
    """A case that differs from the plain slice in its ImageType alone."""
    suffix = ", reformats allowed" if options else ""
    return Case(
        f"ImageType {'-'.join(values)}{suffix}",
        why,
        right,
        source,
        partial(build.dicom, ImageType=list(values)),
        options or ReadOptions(),
    )


CASES = (
    *(
        Case(
            f"RescaleType {unit}",
            "another quantity in a CT object",
            NOT_HU,
            RESCALE_TYPES,
            partial(iodine, unit=unit),
        )
        for unit in (
            *("mg/ml", "mg/cc", "100ug/cc", "Z", "%", "1/cm", "g/cm3", "keV"),
            *("OD", "MGML", "Z_EFF", "ED", "EDW", "PCT"),
        )
    ),
    *(
        Case(
            f"RescaleType {unit}, the values of HU",
            "the header says another quantity",
            NOT_HU,
            RESCALE_TYPES,
            partial(build.dicom, RescaleType=unit),
        )
        for unit in ("mg/ml", "ED", "OD")
    ),
    Case(
        "RescaleType US as SimpleITK writes it",
        "only looks wrong: US is unspecified, the values are HU",
        PLAIN,
        WRITERS,
        partial(build.signed, RescaleType="US"),
    ),
    Case(
        "RescaleType US, intercept lost",
        "unspecified, and the values are no HU",
        NOT_HU,
        WRITERS,
        partial(build.dicom, RescaleType="US", RescaleIntercept="0"),
    ),
    *(
        Case(
            f"RescaleType {unit!r}",
            "only looks wrong: HU, whatever the spelling",
            PLAIN,
            "look-alike",
            partial(build.dicom, RescaleType=unit),
        )
        for unit in ("HU", "hu", "Houndsfield Unit", "Hounsfield", "HU_MOD", "US", "", None)
    ),
    image_type(
        *("DERIVED", "PRIMARY", "AXIAL", "CT_SOM5 MIP"),
        right=DERIVED,
        source=SIEMENS,
        why="a projection; the word stands inside a value",
    ),
    *(
        image_type("ORIGINAL", "PRIMARY", "AXIAL", word, right=DERIVED, source=SIEMENS, why=why)
        for word, why in (
            ("CT_SOM5 MIP", "a projection that calls itself ORIGINAL"),
            ("CT_SOM7 MIP THIN", "a thin projection"),
            ("CT_SOM5 MINIP", "a minimum projection"),
            ("MIP", "a projection"),
            ("CT_SOM5 MPR", "a reformat"),
            ("CT_SOM7 VRT", "a rendering"),
        )
    ),
    *(
        image_type("DERIVED", "SECONDARY", *words, right=DERIVED, source=SIEMENS, why=why)
        for words, why in (
            (("MIP",), "a projection"),
            (("MPR",), "a reformat"),
            (("AXIAL", "AVERAGE"), "the mean of several slices: quieter than any scan"),
            (("AXIAL", "PERFUSION"), "a map of flow"),
            (("AXIAL", "CBF"), "a map of flow"),
            (("AXIAL", "TTP"), "a map of times"),
        )
    ),
    *(
        image_type("ORIGINAL", "PRIMARY", "AXIAL", word, right=MAP, source=MULTI_ENERGY, why=why)
        for word, why in (
            ("ELECTRON_DENSITY", "a map of electron density"),
            ("EFF_ATOMIC_NUM", "a map of atomic numbers"),
            ("MAT_SPECIFIC", "a map of one material"),
            ("MAT_FRACTIONAL", "a map of shares"),
            ("MAT_VALUE_BASED", "a map of values"),
            ("MAT_MODIFIED", "one material changed"),
            ("MAT_REMOVED", "one material taken out"),
        )
    ),
    image_type(
        *("DERIVED", "PRIMARY", "AXIAL", "MAT_SPECIFIC", "IODINE"),
        right=MAP,
        source=MULTI_ENERGY,
        why="a map of iodine",
    ),
    image_type(
        *("ORIGINAL", "PRIMARY", "AXIAL", "VMI"),
        right=PLAIN,
        source="look-alike",
        why="only looks wrong: virtual monoenergetic, in HU",
    ),
    *(
        image_type(
            *("ORIGINAL", "PRIMARY", "AXIAL"),
            *words,
            right=PLAIN,
            source="look-alike",
            why="only looks wrong: an ordinary reconstruction",
        )
        for words in (("CT_SOM5 SPI DE",), ("CT_SOM7 SPI",), ("CT_SOM5 SEQ",), ("HELIX",), ())
    ),
    image_type(
        *("DERIVED", "SECONDARY", "AXIAL"),
        right=PLAIN,
        source="look-alike",
        why="only looks wrong: a slice that was compressed or copied",
    ),
    *(
        Case(
            f"FrameType {kind}",
            "a map or a projection in an Enhanced CT",
            MAP,
            MULTI_ENERGY,
            partial(enhanced, kind=kind),
        )
        for kind in ("ELECTRON_DENSITY", "MAT_SPECIFIC", "CT_SOM5 MIP")
    ),
    Case(
        "FrameType VOLUME",
        "nothing: two frames of a volume",
        read(enhanced_as_read),
        "look-alike",
        partial(enhanced, kind="VOLUME"),
    ),
)
