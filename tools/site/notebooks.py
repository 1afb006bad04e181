"""The notebooks of the documentation: executed, and shown as Markdown.

``python -m tools.site.notebooks docs/notebooks/denoisers.ipynb`` prints the page of a notebook.
Notebooks are stored without outputs.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tools.site.links import ROOT

TIMEOUT_S = 600
"""Longest time for one cell."""


def names() -> list[str]:
    """Files of the notebooks, relative to the repository."""
    return [file.relative_to(ROOT).as_posix() for file in sorted((ROOT / "docs").rglob("*.ipynb"))]


def page(file: Path) -> str:
    """Execute a notebook in an empty folder, and show it as Markdown.

    Raises:
        CellExecutionError: If a cell fails.
    """
    import nbformat  # noqa: PLC0415 - slow to load, and only for the site
    from nbclient import NotebookClient  # noqa: PLC0415
    from traitlets.config import Config  # noqa: PLC0415

    notebook = nbformat.read(file, as_version=4)  # type: ignore[no-untyped-call]
    with TemporaryDirectory() as folder:
        client = NotebookClient(
            notebook,
            timeout=TIMEOUT_S,
            kernel_name="python3",
            resources={"metadata": {"path": folder}},
            config=Config({"KernelManager": _transport(folder)}),
        )
        client.execute(env=os.environ | {"IPYTHONDIR": folder, "JUPYTER_NO_CONFIG": "1"})
    return "\n\n".join(_parts(notebook)) + "\n"


def _transport(folder: str) -> dict[str, str]:
    """How the kernel is reached: without a port, where the system allows it."""
    return {} if os.name == "nt" else {"transport": "ipc", "ip": f"{folder}/kernel"}


def _parts(notebook: Any) -> Iterator[str]:
    """The cells and what they print, as Markdown."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            yield cell.source
            continue
        yield f"```python\n{cell.source}\n```"
        printed = "".join(_texts(cell.outputs)).rstrip()
        if printed:
            yield f"```text\n{printed}\n```"


def _texts(outputs: Any) -> Iterator[str]:
    """What a cell prints, and its result; warnings are left out."""
    for output in outputs:
        if output.output_type == "stream" and output.name == "stdout":
            yield output.text
        elif output.output_type == "execute_result":
            yield output.data["text/plain"] + "\n"


if __name__ == "__main__":
    sys.stdout.write(page(Path(sys.argv[1])))
