from __future__ import annotations

import os

# Tests mean the engine that is everywhere, unless they name one.
os.environ["CTIQA_ENGINE"] = "onnxruntime"
