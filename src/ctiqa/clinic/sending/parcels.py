"""Results as files in the spool."""

from __future__ import annotations

from pathlib import Path

from pydicom.errors import InvalidDicomError
from pydicom.filereader import read_file_meta_info
from pydicom.uid import UID

from ctiqa.clinic.records.deliveries import Delivery
from ctiqa.clinic.sending.answer import Answer, Parcel, later, never, no_target

_GONE = "the file of the result is no longer in the spool; score the series again"

_NO_SPOOL = "the spool is gone, nothing can be sent; mount its disk again"

_DAMAGED = "the file of the result is damaged; score the series again"


def parcel_of(delivery: Delivery, out: Path) -> Parcel | Answer:
    """The file of a result, or why it cannot be sent.

    Args:
        delivery: The result.
        out: Folder of the results.
    """
    if Path(delivery.file).name != delivery.file:
        return never("the name of the file of the result is not one; score the series again")
    file = out / delivery.file
    try:
        meta = read_file_meta_info(file)
    except FileNotFoundError:
        return never(_GONE) if out.is_dir() else no_target(_NO_SPOOL)
    except OSError as error:
        return later(f"the file of the result cannot be read: {error.strerror}; see the disk")
    except (InvalidDicomError, ValueError, EOFError, KeyError):
        return never(_DAMAGED)
    uids = [
        UID(str(meta.get(name, "")))
        for name in ("MediaStorageSOPClassUID", "MediaStorageSOPInstanceUID", "TransferSyntaxUID")
    ]
    if not all(uid.is_valid and uid for uid in uids):
        return never(_DAMAGED)
    return Parcel(delivery, file, *map(str, uids))
