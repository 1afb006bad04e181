"""The configuration of the clinic, one TOML file, strictly read.

>>> from ctiqa.clinic.config import Config
>>> Config().listen.ae_title
'CTIQA'
"""

from __future__ import annotations

from ctiqa.clinic.config.config import Config
from ctiqa.clinic.config.reading import read_config

__all__ = ["Config", "read_config"]
