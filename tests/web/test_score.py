"""``POST /score``: equal to the command line; types, sizes, bombs, crashes, leftovers."""

from __future__ import annotations

import asyncio
import io
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient
from tests.score.made import phantom, write_dicom, write_series
from tests.score.tiny_model import write_model
from tests.web.conftest import USERS, Site
from tests.web.made import bearer, tokens

from ctiqa.cli.app import run
from ctiqa.web.problems import ProblemError
from ctiqa.web.uploads import receiving, uploads
from ctiqa.web.uploads.receiving import PARTS, receive
from ctiqa.web.uploads.room import PREFIX, Room
from ctiqa.web.uploads.task import Outcome, Task

ZIP = {"Content-Type": "application/zip"}


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Temporary files are in a folder of the test, and all are gone after each upload."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert [each for each in folder.rglob("*") if each.is_dir() and each.parent != folder] == []
    assert {each.name for each in folder.rglob("*") if each.is_file()} <= {"lock"}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that is quick, and that scores any image."""
    return write_model(tmp_path_factory.mktemp("model"))


def packed(folder: Path) -> bytes:
    """A folder as a ZIP archive."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*.dcm")):
            archive.write(file, file.relative_to(folder))
    return stream.getvalue()


def refused(client: TestClient, body: bytes, kind: str = "application/zip") -> Any:
    """The problem that an upload is answered with."""
    answer = client.post("/score", content=body, headers={"Content-Type": kind})
    problem = answer.json()
    assert problem["status"] == answer.status_code != 200
    return problem


def test_the_score_is_that_of_the_command_line(
    serve: Site, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    series = write_series(tmp_path / "series", 2)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    Path("series.zip").write_bytes(packed(series))
    arguments = ["--model", str(model), "--out", "report.json", "--quiet"]
    assert run(["score", "series.zip", *arguments]) == 0
    expected = Path("report.json").read_bytes()
    client = serve(model=model, users=USERS, tokens=tokens())
    body = Path("series.zip").read_bytes()
    answer = client.post("/score", content=body, headers={**ZIP, **bearer("scoring")})
    assert answer.status_code == 200, answer.text
    assert answer.content == expected
    files = [("files", (each.name, each.read_bytes())) for each in sorted(series.iterdir())]
    form = client.post("/score", files=files, headers=bearer("scoring")).json()
    assert [each["score"] for each in form["scans"]] == [
        each["score"] for each in json.loads(expected)["scans"]
    ]
    for text in (answer.text, json.dumps(form)):
        assert "Secret" not in text
        assert str(tmp_path) not in text


def test_one_dicom_file(serve: Site, model: Path, tmp_path: Path) -> None:
    local = serve(model=model)
    file = write_dicom(tmp_path / "a.dcm", phantom(0.0))
    headers = {"Content-Type": "application/dicom"}
    answer = local.post("/score", content=file.read_bytes(), headers=headers)
    assert answer.status_code == 200
    assert answer.json()["scans"][0]["n_judged"] == 1


def test_several_series_and_nothing(local: TestClient, tmp_path: Path) -> None:
    write_series(tmp_path / "two" / "a", 1)
    write_series(tmp_path / "two" / "b", 1, SeriesInstanceUID="1.2.826.0.2", first_hu=50.0)
    assert refused(local, packed(tmp_path / "two"))["code"] == "several_series"
    scout = write_dicom(
        tmp_path / "scout" / "a.dcm", phantom(0.0), ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"]
    )
    problem = refused(local, packed(scout.parent))
    assert (problem["status"], problem["code"]) == (422, "no_series")
    assert problem["reasons"] == {"localizer": 1}
    problem = refused(local, b"no archive at all")
    assert problem["status"] == 422


@pytest.mark.parametrize("kind", ["", "text/plain", "application/json", "image/png", "zip"])
def test_wrong_types(shared_local: TestClient, kind: str) -> None:
    problem = refused(shared_local, b"x", kind)
    assert (problem["status"], problem["code"]) == (415, "wrong_type")


@pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/related; boundary=" + "x" * 71])
def test_wrong_boundaries(shared_local: TestClient, kind: str) -> None:
    assert refused(shared_local, b"x", kind)["code"] == "wrong_parts"


def test_an_upload_that_is_too_large(serve: Site) -> None:
    client = serve(most_upload_megabytes=1)
    body = b"x" * ((1 << 20) + 1)
    assert refused(client, body)["code"] == "too_large"

    def pieces() -> Iterator[bytes]:
        yield from (body[start : start + 65536] for start in range(0, len(body), 65536))

    answer = client.post("/score", content=pieces(), headers=ZIP)
    assert answer.status_code == 413


def test_a_bomb(serve: Site) -> None:
    client = serve(most_upload_megabytes=1)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.dcm", bytes(5 << 20))
    problem = refused(client, stream.getvalue())
    assert (problem["status"], problem["code"]) == (413, "unpacks_too_large")


def test_too_many_files_in_an_archive(local: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MOST_FILES", 2)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for number in range(3):
            archive.writestr(f"{number}.dcm", b"x")
    assert refused(local, stream.getvalue())["code"] == "too_many_files"


def test_names_that_lead_out_of_the_folder(serve: Site, model: Path, tmp_path: Path) -> None:
    local = serve(model=model)
    data = write_dicom(tmp_path / "a.dcm", phantom(0.0)).read_bytes()
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("../../../evil.dcm", data)
    answer = local.post("/score", content=stream.getvalue(), headers=ZIP)
    assert answer.status_code == 200
    assert ".." not in answer.json()["scans"][0]["slices"][0]["file"]
    form = local.post("/score", files=[("f", ("../../../evil.dcm", data))])
    assert form.json()["scans"][0]["slices"][0]["file"] == "series/00001"
    assert not list(tmp_path.rglob("evil*"))


def test_one_upload_at_a_time(local: TestClient) -> None:
    with local.app.state.site.uploads.turn():  # type: ignore[attr-defined]
        answer = local.post("/score", content=b"x", headers=ZIP)
    assert (answer.status_code, answer.json()["code"]) == (503, "busy")
    assert answer.headers["retry-after"]
    assert refused(local, b"x")["status"] == 422


@pytest.mark.parametrize("module", ["ctiqa.web.uploads.nothing", "this"])
def test_a_process_that_fails_costs_only_its_upload(
    local: TestClient, monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    monkeypatch.setattr(uploads, "CHILD", module)
    problem = refused(local, b"x")
    assert (problem["status"], problem["code"]) == (422, "crashed")
    monkeypatch.undo()
    assert local.get("/healthz").status_code == 200


def test_a_process_that_takes_too_long(local: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "SCORE_S", 0.0)
    monkeypatch.setattr(uploads, "LOOK_S", 0.01)
    assert refused(local, b"x")["code"] == "crashed"


def test_the_process_ends_with_its_server(model: Path, tmp_path: Path) -> None:
    write_series(tmp_path / "upload" / "series", 1)
    task = Task(str(tmp_path / "upload"), "series", 1 << 30, 10, str(model), "onnxruntime", None)
    command = [sys.executable, "-m", uploads.CHILD]
    # The pipe ends with the task, as it does when the server is killed.
    done = subprocess.run(command, input=f"{task.to_json()}\n", text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert Outcome.read(tmp_path / "upload") is None


def test_a_browser_needs_the_token_of_forms(local: TestClient) -> None:
    answer = local.post("/score", content=b"x", headers={**ZIP, "Sec-Fetch-Site": "same-origin"})
    assert (answer.status_code, answer.json()["code"]) == (403, "stale_form")


def test_what_a_killed_server_left_is_removed(place: Path) -> None:
    left = Room()
    held = Room()
    assert len(list(place.glob(f"{PREFIX}*"))) == 2
    # The system releases the lock of a process that was killed.
    os.close(left._lock)
    Room().close()
    assert list(place.glob(f"{PREFIX}*")) == [held._root]
    held.close()


BOUNDARY = b"5c9e"


def form_of(parts: list[bytes]) -> bytes:
    """Files as the body of a form."""
    head = b'Content-Disposition: form-data; name="f"; filename="../x"\r\n\r\n'
    return b"".join(b"--%b\r\n%b%b\r\n" % (BOUNDARY, head, part) for part in parts) + (
        b"--%b--\r\n" % BOUNDARY
    )


def received(body: bytes, step: int, folder: Path) -> list[bytes]:
    """The files of a body that arrives in pieces."""

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), step):
            yield body[start : start + step]

    kind = f"multipart/form-data; boundary={BOUNDARY.decode()}"
    asyncio.run(receive(pieces(), kind, folder))
    return [each.read_bytes() for each in sorted((folder / PARTS).iterdir())]


@given(parts=st.lists(st.binary(max_size=40), min_size=1, max_size=4), step=st.integers(1, 64))
def test_files_arrive_as_they_were_sent_in_whatever_pieces(parts: list[bytes], step: int) -> None:
    clean = [part for part in parts if BOUNDARY not in part]
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        assert received(form_of(clean), step, Path(folder)) == clean or not clean


@given(cut=st.integers(0, 200), step=st.integers(1, 64))
def test_a_form_that_was_cut_off_is_refused(cut: int, step: int) -> None:
    body = form_of([b"first", b"second"])
    cut = min(cut, len(body) - 4)
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        with pytest.raises(ProblemError) as caught:
            received(body[:cut], step, Path(folder))
        assert caught.value.problem.code == "wrong_parts"


def test_too_many_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiving, "MOST_FILES", 2)
    with pytest.raises(ProblemError) as caught:
        received(form_of([b"x"] * 3), 1000, tmp_path)
    assert caught.value.problem.status == 413


def test_long_headers_of_a_part(tmp_path: Path) -> None:
    body = b"--%b\r\nX: %b\r\n\r\nx\r\n--%b--\r\n" % (BOUNDARY, b"x" * 5000, BOUNDARY)
    with pytest.raises(ProblemError) as caught:
        received(body, 1000, tmp_path)
    assert caught.value.problem.code == "wrong_parts"
