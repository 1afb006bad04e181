"""Dose reports (X-Ray Radiation Dose SR, TID 10011): read, recorded and joined to scans.

>>> from ctiqa.clinic.dose import collect_doses
>>> collect_doses.__module__
'ctiqa.clinic.dose.collect'
"""

from __future__ import annotations

from ctiqa.clinic.dose.collect import collect_doses
from ctiqa.clinic.dose.report import DoseReport, read_dose_report

__all__ = ["DoseReport", "collect_doses", "read_dose_report"]
