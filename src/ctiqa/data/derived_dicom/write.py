"""Write a slice derived from a CT file as a new CT file."""

from __future__ import annotations

from pathlib import Path

from ctiqa.data.derived_dicom.derivation import Derivation
from ctiqa.data.derived_dicom.header import describe_origin, remove_identity, retained
from ctiqa.data.derived_dicom.pixel_data import describe_pixels, encode, limits_hu
from ctiqa.data.derived_dicom.source_image import open_source, padding_mask
from ctiqa.io.atomic import write_bytes
from ctiqa.io.dicom.writing.content import file_bytes
from ctiqa.io.silence import silent
from ctiqa.types import HuImage


def write_derived(source: Path, hu: HuImage, out: Path, derivation: Derivation) -> None:
    """Write a slice derived from a CT file as a new CT file.

    Geometry, acquisition and rescale are copied from the source. Pixels are stored losslessly in 16
    bits as round((HU − intercept) / slope). Padding of the source remains padding, because pixels
    that were not measured have no CT number. Instance and study get new UIDs. The instance UID is
    derived from source, series, description and pixels, so that a repeated run writes the same
    bytes.

    Args:
        source: Single-frame CT image in any transfer syntax that :mod:`ctiqa.io` reads.
        hu: CT numbers in HU, float32 [rows, cols], within :func:`storable_hu` of the source.
        out: File to write in an existing folder; an existing file is replaced atomically.
        derivation: Description of the processing, and pseudonym.

    Raises:
        UsageError: If ``hu`` has another matrix, is not finite, or does not fit 16 bits.
        DataError: If the source is not a single-frame CT image, or does not state the position
            of its slice.
        RefusedError: If the source is not an axial CT slice in HU.
        OutputError: If ``out`` cannot be written.
    """
    # Attributes are parsed on access, and warnings about them quote the file.
    with silent():
        opened = open_source(source)
        image = retained(opened)
        padding = padding_mask(opened)
        pixels = encode(hu, padding, opened)
        describe_pixels(image, pixels, padding, opened)
        describe_origin(image, pixels, derivation, opened)
        remove_identity(image, derivation, opened)
        content = file_bytes(image)
    write_bytes(out, content)


def storable_hu(source: Path) -> tuple[float, float]:
    """Lowest and highest CT number in HU that a slice derived from a source may contain.

    Limited by 16 bits with the rescale of the source, and by the range that is accepted as HU on
    reading.

    Raises:
        DataError: If the source is not a single-frame CT image.
        RefusedError: If the source is not an axial CT slice in HU.
    """
    with silent():
        return limits_hu(open_source(source))
