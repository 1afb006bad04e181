"""The CT image from which a slice is derived."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.uid import CTImageStorage

from ctiqa.data.derived_dicom.attributes import KEPT
from ctiqa.errors import DataError
from ctiqa.hu import PADDING_HU
from ctiqa.io import read_file_headers, read_slice
from ctiqa.io.dicom.decoding.pixels import stored_frame
from ctiqa.io.dicom.header import DicomFile, parse
from ctiqa.io.dicom.layout import Layout, read_layout
from ctiqa.io.dicom.tags import Tags
from ctiqa.io.dicom.writing.content import further_elements
from ctiqa.io.dicom.writing.values import decimal_string
from ctiqa.io.hu.checks import Stored
from ctiqa.types import SliceHeader

MaskImage = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class SourceImage:
    """A source file as parsed by the readers, with its header but without pixels."""

    file: DicomFile
    header: SliceHeader
    layout: Layout
    tags: Tags

    @property
    def rescale(self) -> tuple[float, float]:
        """(slope, intercept) as written to the derived file, possibly with fewer digits."""
        slope, intercept = (
            float(decimal_string(self.tags.number(keyword)))
            for keyword in ("RescaleSlope", "RescaleIntercept")
        )
        return slope, intercept

    @property
    def dtype(self) -> np.dtype[Any]:
        """Data type of the stored pixels in the derived file."""
        return np.dtype("<i2" if self.layout.signed else "<u2")


def open_source(path: Path) -> SourceImage:
    """Read the header of a source; patient identity is not loaded.

    Raises:
        DataError: If it is not a single-frame CT image of at most 16 bits.
        RefusedError: If it is not an axial CT slice in HU.
    """
    header = read_file_headers(path).headers[0]
    file = parse(path)
    layout = read_layout(file.location, Tags(file.dataset))
    single = file.sop_class in ("", CTImageStorage) and layout.frames == 1
    if not single or layout.bits_allocated > 16:
        raise DataError(
            f"'{path.name}' must be a single-frame CT image of at most 16 bits, got a multi-frame "
            f"or {layout.bits_allocated}-bit one; convert it first"
        )
    wanted = [*KEPT, "Laterality", "SpecificCharacterSet", "StudyInstanceUID"]
    full = further_elements(file, [*wanted, "PixelPaddingValue", "PixelPaddingRangeLimit"])
    return SourceImage(file, header, layout, Tags(full))


def padding_mask(source: SourceImage) -> MaskImage:
    """Mask of the padding that the source declares and the reader accepts."""
    value = source.tags.integer("PixelPaddingValue")
    if value is None:
        return np.zeros((source.layout.rows, source.layout.cols), dtype=bool)
    limit = source.tags.integer("PixelPaddingRangeLimit")
    low, high = sorted((value, value if limit is None else limit))
    # Modulo the word length, because writers confuse signed and unsigned padding.
    above = (stored_pixels(source).astype(np.int64) - low) % (1 << source.layout.bits_allocated)
    return np.asarray((above <= high - low) & (read_slice(source.header).hu == PADDING_HU))


def stored_pixels(source: SourceImage) -> Stored:
    """Pixels as the source stores them, before rescale, [rows, cols]."""
    return stored_frame(source.file.location, source.layout, 0)
