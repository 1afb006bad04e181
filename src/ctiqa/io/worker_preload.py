"""What the fork server loads before it starts a worker, so that every worker starts at once."""

from ctiqa.io.dicom import lazy_gdcm

lazy_gdcm.claim()
lazy_gdcm.load_pydicom()

import ctiqa.io.dicom.reader  # noqa: E402, F401
