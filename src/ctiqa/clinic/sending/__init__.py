"""Results are sent to archives, by C-STORE or STOW-RS, until they are there or given up.

A refusal of a result is final: another try would be refused too. A refusal of ctiqa, such as an
unknown AE title, a wrong password or a wrong address, is not: it is tried again, with the reason on
the health page, because an administrator can mend it tomorrow.

>>> from ctiqa.clinic.sending import run_sender
>>> run_sender.__module__
'ctiqa.clinic.sending.running'
"""

from __future__ import annotations

from ctiqa.clinic.sending.running import run_sender

__all__ = ["run_sender"]
