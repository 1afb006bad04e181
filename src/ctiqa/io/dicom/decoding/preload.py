"""Modules that a reader process loads before its first task."""

from ctiqa.io.dicom.decoding import lazy_gdcm

lazy_gdcm.claim_process()
lazy_gdcm.load_pydicom()

import ctiqa.io.dicom.reader  # noqa: E402, F401
