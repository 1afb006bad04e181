"""What is wrong is looked for, and told by webhook, e-mail or syslog, seldom enough to be read.

>>> from ctiqa.clinic.alerts import run_alerter
>>> run_alerter.__module__
'ctiqa.clinic.alerts.running'
"""

from __future__ import annotations

from ctiqa.clinic.alerts.running import run_alerter

__all__ = ["run_alerter"]
