"""What the fork server loads before it starts a worker, so that every worker starts at once."""

from ctiqa.io import own_process

own_process.claim()
own_process.load_pydicom()

import ctiqa.io.dicom  # noqa: E402, F401
