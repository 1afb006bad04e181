"""Shared by the tests of derived images: a derivation and a degraded slice."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ctiqa.data.derived_dicom.derivation import Derivation
from ctiqa.data.derived_dicom.write import storable_hu
from ctiqa.io import read_file_headers, read_slice
from ctiqa.io.dicom.writing.uids import derived_uid
from ctiqa.types import HuImage, SliceHeader

MADE = Derivation("noise of half the dose added", derived_uid("series"), operation="noise")


def read(path: Path) -> tuple[SliceHeader, HuImage]:
    header = read_file_headers(path).headers[0]
    return header, read_slice(header).hu


def degraded(hu: HuImage, path: Path, sd: float = 25.0) -> HuImage:
    noise = np.random.default_rng(0).normal(0, sd, hu.shape)
    return np.clip(hu + noise, *storable_hu(path)).astype(np.float32)
