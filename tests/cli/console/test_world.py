"""What the computer lacks ends in a sentence and status 4, never in "a bug in ctiqa"."""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from tests.cli.conftest import Run, shell
from tests.score.made import one_slice, write_series

from ctiqa.cli.console.world import fault_of_the_world

posix = pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_series(tmp_path_factory.mktemp("scan"), 1)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A scan that everybody may read."""
    with TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        yield one_slice(Path(place))


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (OSError(errno.EMFILE, "Too many open files"), "ulimit -n"),
        (OSError(errno.ENFILE, "Too many open files in system"), "limit of open files"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "free memory"),
        (OSError(errno.ENOSPC, "No space left on device", "/tmp/x"), "TMPDIR"),  # noqa: S108
        (OSError(errno.EROFS, "Read-only file system", "/mnt/x"), "'/mnt/x' cannot be used"),
        (OSError(errno.EACCES, "Permission denied", "/x"), "ask for permission"),
        (OSError(errno.EIO, "Input/output error", "/x"), "'/x' cannot be used: Input/output"),
        (BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable"), "ulimit -u"),
        (MemoryError(), "there is not enough memory"),
        (RuntimeError("can't start new thread"), "no further thread"),
        (ModuleNotFoundError("No module", name="jinja2"), "pip install 'ctiqa'"),
        (ImportError("libcudart.so: no such file"), "cannot be loaded (libcudart.so"),
    ],
)
def test_every_lack_has_its_sentence(
    run: Run, monkeypatch: pytest.MonkeyPatch, error: Exception, sentence: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("ctiqa.weights.load_model", fail)
    done = run("info")
    assert done.status == 4
    assert sentence in done.err
    assert "bug" not in done.err


@pytest.mark.parametrize("error", [KeyError("x"), RuntimeError("x"), RecursionError("x")])
def test_bugs_stay_bugs(error: Exception) -> None:
    assert fault_of_the_world(error) is None


def test_a_part_of_ctiqa_that_lacks_is_a_bug() -> None:
    assert fault_of_the_world(ModuleNotFoundError("no", name="ctiqa.io.nothing")) is None


@posix
@pytest.mark.parametrize("words", ["info", "weights list", 'score "$1" --quiet'])
@pytest.mark.parametrize(
    "env", [{"HOME": None, "XDG_DATA_HOME": None}, {"HOME": "/nowhere"}, {"HOME": ""}]
)
def test_a_user_without_a_home(open_folder: Path, words: str, env: dict[str, str | None]) -> None:
    """Without HOME, the system's list of users is asked; it does not know everybody."""
    nobody = "setpriv --reuid 54321 --regid 54321 --clear-groups" if os.geteuid() == 0 else ""
    if nobody and not Path("/usr/bin/setpriv").exists():
        pytest.skip("needs setpriv")
    allowed = shell(f'{nobody} ls "$1" && {nobody} $ctiqa --version', open_folder)
    if allowed.status:
        pytest.skip("another user may not read the files of this one")
    done = shell(f"{nobody} $ctiqa {words}", open_folder, env=env)
    assert done.status == 0
    assert "error" not in done.err


def test_import_without_a_home(run: Run, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    for name in ("CTIQA_MODELS", "XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    done = run("weights", "import", model)
    assert done.status == 2
    assert "CTIQA_MODELS" in done.err


@posix
def test_a_working_folder_that_is_gone(folder: Path, model: Path, tmp_path: Path) -> None:
    gone, out = tmp_path / "gone", tmp_path / "r.json"
    leave = 'mkdir "$4" && cd "$4" && rmdir "$4"'
    done = shell(f'{leave} && $ctiqa score "$1" --model "$2" --out "$3"', folder, model, out, gone)
    assert (done.status, done.err) == (0, "")
    assert json.loads(out.read_bytes())["scans"]
    for path in (".", "scan"):
        done = shell(f"{leave}; $ctiqa score {path} --model $2", folder, model, out, gone)
        assert done.status in {2, 4}
        assert "bug" not in done.err


@posix
def test_few_open_files(folder: Path, model: Path) -> None:
    for most in (12, 20):
        done = shell(f'ulimit -n {most}; $ctiqa score "$1" --model "$2"', folder, model)
        assert done.status in {0, 4}
        assert "bug" not in done.err
        assert "Traceback" not in done.err


@posix
def test_little_memory(folder: Path) -> None:
    done = shell('ulimit -v 700000; $ctiqa score "$1" --engine onnxruntime', folder)
    assert done.status in {0, 4}
    assert "bug" not in done.err


def test_an_empty_path_is_not_the_working_folder(run: Run) -> None:
    done = run("score", "")
    assert done.status == 2
    assert "empty" in done.err


def test_an_empty_model_is_not_the_shipped_one(run: Run, tmp_path: Path) -> None:
    done = run("score", tmp_path, "--model", "")
    assert done.status == 2
    assert "'model' must be" in done.err


def test_no_line_of_an_error_can_steer_the_terminal(run: Run, tmp_path: Path) -> None:
    done = run("score", tmp_path / "a\x1b[2Jb\u202ec")
    assert done.status == 2
    assert done.err.replace("\n", "").isprintable()
