"""Valid sources of derived slices."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.io.make import dataset, phantom, save, write_ct

from ctiqa.data.derived_dicom.write import storable_hu
from ctiqa.errors import DataError, RefusedError


def test_more_than_16_bits_are_refused(tmp_path: Path) -> None:
    image = dataset(phantom(), BitsAllocated=32, BitsStored=32, HighBit=31)
    source = save(tmp_path / "in.dcm", image, (phantom().astype(np.int64) + 1024).astype("<u4"))
    with pytest.raises(DataError, match="of at most 16 bits, got a multi-frame or 32-bit one"):
        storable_hu(source)


def test_multi_frame_files_are_refused(tmp_path: Path) -> None:
    stored = np.stack([(phantom(seed=k).astype(int) + 1024).astype(np.uint16) for k in (0, 1)])
    source = save(tmp_path / "in.dcm", dataset(phantom(), NumberOfFrames=2), stored)
    with pytest.raises(DataError, match="must be a single-frame CT image"):
        storable_hu(source)


def test_what_is_no_slice_is_refused(tmp_path: Path) -> None:
    source = write_ct(tmp_path / "in.dcm", ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
    with pytest.raises(RefusedError, match="LOCALIZER"):
        storable_hu(source)
