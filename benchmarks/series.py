"""Series to measure on, made from the slices of the example scan."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pydicom import FileDataset, dcmread
from pydicom.uid import JPEG2000Lossless, generate_uid

EXAMPLE = Path(__file__).resolve().parents[1] / "src" / "ctiqa" / "assets" / "example"

STEP_MM = 2.5
"""Distance between the slices of a made series."""

Change = Callable[[FileDataset], None]


class CannotStoreError(Exception):
    """No installed library writes pixels in the form that is asked for."""


def as_stored(_image: FileDataset) -> None:
    """Leave the pixels as they are in the example: JPEG-LS without loss."""


def uncompressed(image: FileDataset) -> None:
    """Store the pixels as they are."""
    image.decompress(generate_instance_uid=False)


def jpeg_2000(image: FileDataset) -> None:
    """Store the pixels as JPEG 2000 without loss.

    Raises:
        CannotStoreError: If no installed library writes it.
    """
    uncompressed(image)
    try:
        image.compress(JPEG2000Lossless, generate_instance_uid=False)
    except (RuntimeError, NotImplementedError) as error:
        raise CannotStoreError(f"JPEG 2000 cannot be written: {error}") from error


FORMS: dict[str, Change] = {
    "uncompressed": uncompressed,
    "JPEG-LS": as_stored,
    "JPEG 2000": jpeg_2000,
}
"""How pixels may be stored, all without loss."""


def series(folder: Path, form: str, slices: int) -> Path:
    """A series in one of :data:`FORMS`, made where it is not there yet.

    Raises:
        CannotStoreError: If no installed library writes the form.
    """
    made = folder / f"{form.lower().replace(' ', '-')}-{slices}"
    return made if made.is_dir() else make_series(made, slices, FORMS[form])


def make_series(folder: Path, slices: int, change: Change) -> Path:
    """Write a series by cycling through the example's slices.

    Args:
        folder: New folder for it.
        slices: Number of slices, >= 1.
        change: What to do to the pixels.

    Returns:
        The folder. Every slice has a UID and a position of its own.

    Raises:
        CannotStoreError: If no installed library stores the pixels so; no folder is left.
    """
    images = [dcmread(path) for path in sorted(EXAMPLE.glob("*.dcm"))]
    for image in images:
        change(image)
        image.SeriesInstanceUID = generate_uid(entropy_srcs=[folder.name])
    folder.mkdir()
    for number in range(slices):
        image = images[number % len(images)]
        place(image, number)
        image.save_as(folder / f"{number:04d}.dcm", enforce_file_format=True)
    return folder


def place(image: FileDataset, number: int) -> None:
    """Give an image the UID and the position of slice ``number``."""
    uid = generate_uid(entropy_srcs=[str(image.SeriesInstanceUID), str(number)])
    x_mm, y_mm, _ = image.ImagePositionPatient
    image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = uid
    image.ImagePositionPatient = [x_mm, y_mm, number * STEP_MM]
    image.SliceLocation = number * STEP_MM
    image.InstanceNumber = number + 1
