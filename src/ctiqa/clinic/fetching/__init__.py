"""Catch up with what was missed while ctiqa was down, from Orthanc or any DICOMweb server.

Only CT images and dose reports are fetched, and only those that ctiqa has not got. A position in an
archive moves on when everything before it is on the disk.

>>> from ctiqa.clinic.fetching import run_fetcher
>>> run_fetcher.__module__
'ctiqa.clinic.fetching.fetcher'
"""

from __future__ import annotations

from ctiqa.clinic.fetching.fetcher import run_fetcher

__all__ = ["run_fetcher"]
