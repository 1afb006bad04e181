"""Diagrams of the pages as images, so that the site loads no script from the internet.

    python -m tools.site.diagrams MERMAID          draws new diagrams, deletes unused images
    python -m tools.site.diagrams --check          reports whether the images are up to date

MERMAID is ``dist/mermaid.min.js`` of the npm package ``mermaid``; ``chromium`` must be installed.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from hashlib import sha256
from html import escape, unescape
from pathlib import Path

from tools.site.links import ROOT

from ctiqa.io.atomic import write_bytes

DOCS = ROOT / "docs"
FOLDER = DOCS / "images" / "diagrams"

_BLOCK = re.compile(r"^```mermaid\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)
_DRAWN = re.compile(r"<svg.*</svg>", re.DOTALL)

_PAGE = """<!doctype html><meta charset="utf-8"><pre class="mermaid">{code}</pre>
<script>{library}</script>
<script>mermaid.initialize({{
  startOnLoad: true, theme: "neutral", htmlLabels: false, flowchart: {{htmlLabels: false}},
  deterministicIds: true, fontFamily: "sans-serif"
}})</script>"""


def picture_of(code: str) -> str:
    """File name of a diagram's image, derived from its code."""
    return f"{sha256(code.encode()).hexdigest()[:12]}.svg"


def diagrams(docs: Path = DOCS) -> Iterator[str]:
    """The code of every diagram of the pages."""
    for page in sorted(docs.rglob("*.md")):
        for match in _BLOCK.finditer(page.read_text(encoding="utf-8")):
            yield match["code"]


def with_pictures(text: str, to_docs: str = "") -> str:
    r"""The page with images instead of the code of its diagrams.

    Args:
        text: The page as Markdown.
        to_docs: Relative path from the page's folder to ``docs/``, such as ``../``.

    >>> with_pictures("```mermaid\nflowchart LR\n```")
    '![Diagram](images/diagrams/0388d4f73d3e.svg)'
    """
    return _BLOCK.sub(
        lambda match: f"![Diagram]({to_docs}images/diagrams/{picture_of(match['code'])})", text
    )


def draw(code: str, library: str) -> bytes:
    """A diagram as SVG, drawn by mermaid in a browser.

    Raises:
        RuntimeError: If the browser renders no image.
    """
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.html"
        page.write_text(_PAGE.format(code=escape(code), library=library), encoding="utf-8")
        asked = ["chromium", "--headless", "--no-sandbox", "--disable-gpu"]
        asked += ["--virtual-time-budget=10000", "--dump-dom", page.as_uri()]
        done = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=120)
    body = done.stdout.partition("<script>")[0]
    drawn = _DRAWN.search(body)
    if not drawn:
        raise RuntimeError(f"mermaid drew nothing for {unescape(code)!r}")
    return drawn.group().encode() + b"\n"


def main() -> int:
    """Draw the diagrams, or check them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("mermaid", type=Path, nargs="?", help="mermaid.min.js")
    parser.add_argument("--check", action="store_true")
    asked = parser.parse_args()
    wanted = {picture_of(code): code for code in diagrams()}
    there = {file.name for file in FOLDER.glob("*.svg")}
    if asked.check:
        return int(there != set(wanted))
    if asked.mermaid is None:
        parser.error("MERMAID is missing")
    library = asked.mermaid.read_text(encoding="utf-8").replace("</script", "<\\/script")
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in sorted(set(wanted) - there):
        write_bytes(FOLDER / name, draw(wanted[name], library))
    for name in there - set(wanted):
        (FOLDER / name).unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
