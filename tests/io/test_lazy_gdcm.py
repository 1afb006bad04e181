"""GDCM is left for later in ctiqa's own processes, and in no other."""

import subprocess
import sys

import pytest

PREPARE = """
import io, sys
import numpy as np
from ctiqa.io.dicom.decoding import lazy_gdcm
"""

DECODE = """
from PIL import Image
from pydicom.encaps import encapsulate
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import JPEGBaseline8Bit

code = io.BytesIO()
Image.fromarray(np.full((16, 24), 100, np.uint8)).save(code, "JPEG", quality=100)
pixels, _ = get_decoder(JPEGBaseline8Bit).as_array(
    io.BytesIO(encapsulate([code.getvalue()])),
    index=0, raw=True, rows=16, columns=24, number_of_frames=1, samples_per_pixel=1,
    photometric_interpretation="MONOCHROME2", bits_allocated=8, bits_stored=8,
    pixel_representation=0, pixel_keyword="PixelData", decoding_plugin="gdcm",
)
assert (pixels == 100).all() and pixels.shape == (16, 24), pixels
"""


def run(code: str) -> None:
    subprocess.run([sys.executable, "-c", PREPARE + code], check=True, timeout=60)


def test_a_process_of_its_own_loads_gdcm_when_a_file_needs_it() -> None:
    run(
        "lazy_gdcm.claim_process()\n"
        "lazy_gdcm.load_pydicom()\n"
        "import ctiqa.io.dicom.reader\n"
        "assert 'gdcm' not in sys.modules\n" + DECODE + "assert 'gdcm' in sys.modules\n"
    )


def test_a_program_keeps_its_pydicom() -> None:
    run(
        "lazy_gdcm.load_pydicom()\n"
        "import ctiqa.io.dicom.reader\n"
        "assert 'gdcm' in sys.modules\n" + DECODE
    )


@pytest.mark.parametrize("whose", ["", "lazy_gdcm.claim_process()\n"])
def test_what_downloads_and_opens_sockets_is_not_loaded(whose: str) -> None:
    """``requests``, which pydicom loads where it is installed."""
    run(
        f"{whose}sys.modules.pop('requests', None)\n"
        "lazy_gdcm.load_pydicom()\n"
        "assert 'pydicom' in sys.modules and 'requests' not in sys.modules\n"
    )


def test_pydicom_that_is_loaded_is_left_alone() -> None:
    run(
        "import pydicom\n"
        "lazy_gdcm.claim_process()\n"
        "lazy_gdcm.load_pydicom()\n"
        "assert 'gdcm' in sys.modules\n" + DECODE
    )


def test_workers_start_without_gdcm() -> None:
    run("import ctiqa.io.dicom.decoding.preload\nassert 'gdcm' not in sys.modules\n" + DECODE)
