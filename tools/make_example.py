"""Make the example scan that comes with ctiqa, from a public series.

Every third slice of a chest CT (TCIA Lung-PET-CT-Dx, patient Lung_Dx-A0002, CC BY 4.0) is kept.
Pixels are unchanged, with lossless compression; attributes are reduced to those that describe
acquisition and geometry. Run it again with::

    python tools/make_example.py ../shared/dicom-series/chest-siemens-b40f-8mm

The same series always gives the same files.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pydicom import Dataset, FileDataset, dcmread
from pydicom.uid import ExplicitVRLittleEndian, JPEGLSLossless

EXAMPLE = Path(__file__).resolve().parents[1] / "src" / "ctiqa" / "assets" / "example"
"""Folder of the example in the package."""

PATIENT = "Lung_Dx-A0002"
"""The only patient that the README in the folder above attributes."""

EVERY = 3
"""One of so many neighbouring slices is kept, the middle one."""

MOST_BYTES = 2_500_000
"""Limit on its size: the example is part of every wheel."""

KEPT = frozenset(
    {
        "SpecificCharacterSet",
        "ImageType",
        "SOPClassUID",
        "SOPInstanceUID",
        "Modality",
        "Manufacturer",
        "ManufacturerModelName",
        "SeriesDescription",
        "BodyPartExamined",
        "SliceThickness",
        "KVP",
        "DataCollectionDiameter",
        "ReconstructionDiameter",
        "DistanceSourceToDetector",
        "DistanceSourceToPatient",
        "GantryDetectorTilt",
        "TableHeight",
        "RotationDirection",
        "ExposureTime",
        "XRayTubeCurrent",
        "Exposure",
        "FilterType",
        "GeneratorPower",
        "FocalSpots",
        "ConvolutionKernel",
        "PatientPosition",
        "StudyInstanceUID",
        "SeriesInstanceUID",
        "SeriesNumber",
        "AcquisitionNumber",
        "InstanceNumber",
        "ImagePositionPatient",
        "ImageOrientationPatient",
        "FrameOfReferenceUID",
        "SliceLocation",
        "SamplesPerPixel",
        "PhotometricInterpretation",
        "Rows",
        "Columns",
        "PixelSpacing",
        "BitsAllocated",
        "BitsStored",
        "HighBit",
        "PixelRepresentation",
        "WindowCenter",
        "WindowWidth",
        "RescaleIntercept",
        "RescaleSlope",
        "PixelData",
    }
)
"""Attributes that are kept; all others are removed, including private ones."""

BLANK = (
    "StudyDate",
    "StudyTime",
    "ContentDate",
    "ContentTime",
    "AccessionNumber",
    "ReferringPhysicianName",
    "PatientBirthDate",
    "PatientSex",
    "StudyID",
    "PositionReferenceIndicator",
)
"""Attributes that a CT image must have and that may be empty (PS3.3, type 2)."""

METHOD = "TCIA de-identification, then attributes reduced to a list"


def reduce_attributes(original: Dataset) -> FileDataset:
    """Copy a CT image with only the attributes in ``KEPT``, under the patient name ``EXAMPLE``.

    Args:
        original: Uncompressed CT image.

    Raises:
        ValueError: If it is not a slice of the attributed patient.
    """
    if (patient := original.get("PatientID")) != PATIENT:
        raise ValueError(f"the series must be of patient {PATIENT}, got {patient}")
    image = FileDataset("", {}, preamble=b"\0" * 128)
    for element in original:
        if element.keyword in KEPT:
            image.add(element)
    for keyword in BLANK:
        setattr(image, keyword, "")
    image.PatientName = image.PatientID = "EXAMPLE"
    image.PatientIdentityRemoved = "YES"
    image.DeidentificationMethod = METHOD
    image.ensure_file_meta()
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return image


def compress(image: FileDataset) -> FileDataset:
    """Compress the pixels as lossless JPEG-LS, and verify that nothing was lost.

    Raises:
        ValueError: If the decompressed pixels differ.
    """
    before = image.pixel_array.copy()
    image.compress(JPEGLSLossless, generate_instance_uid=False)
    if not np.array_equal(image.pixel_array, before):
        raise ValueError(f"slice {image.InstanceNumber} changed in compression")
    return image


def chosen(folder: Path) -> list[FileDataset]:
    """The slices of a series that go into the example, along z.

    Raises:
        ValueError: If the folder holds too few slices.
    """
    images = [dcmread(path) for path in sorted(folder.glob("*.dcm"))]
    images.sort(key=lambda image: float(image.ImagePositionPatient[2]))
    kept = images[EVERY // 2 :: EVERY]
    if not kept:
        raise ValueError(f"{folder} must hold at least {EVERY} .dcm files, got {len(images)}")
    return kept


def make_example(source: Path, target: Path) -> list[Path]:
    """Write the example; older slices there are replaced.

    Args:
        source: Folder of the original series.
        target: Folder of the example.

    Returns:
        The files written, along z.

    Raises:
        ValueError: If the source is another series, or the example would be too large.
    """
    images = [compress(reduce_attributes(original)) for original in chosen(source)]
    if (size := sum(len(image.PixelData) for image in images)) > MOST_BYTES:
        raise ValueError(f"the pixels must stay below {MOST_BYTES} bytes, got {size}")
    target.mkdir(parents=True, exist_ok=True)
    for old in target.glob("*.dcm"):
        old.unlink()
    written = [target / f"{number:02d}.dcm" for number in range(1, len(images) + 1)]
    for path, image in zip(written, images, strict=True):
        image.save_as(path, enforce_file_format=True)
    return written


def main(arguments: Sequence[str] | None = None) -> int:
    """Run as a command; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("source", type=Path, help="folder of the original series")
    parser.add_argument("--target", type=Path, default=EXAMPLE, help="folder of the example")
    chosen_paths = parser.parse_args(arguments)
    try:
        written = make_example(chosen_paths.source, chosen_paths.target)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    size = sum(path.stat().st_size for path in written)
    sys.stdout.write(f"{len(written)} slices, {size} bytes in {written[0].parent}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
