"""One bucket for all tests of object stores; no test leaves this computer."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

NUMBERS = count()

S3 = {
    "AWS_ACCESS_KEY_ID": "tests",
    "AWS_SECRET_ACCESS_KEY": "tests",
    "AWS_DEFAULT_REGION": "us-east-1",
}


@pytest.fixture(scope="module")
def s3_server() -> Iterator[str]:
    """Address of a stand-in of S3; workers that are started later know it."""
    pytest.importorskip("moto", reason="the stand-in of S3 is not installed")
    s3fs = pytest.importorskip("s3fs", reason="s3fs is not installed")
    s3fs.S3FileSystem.clear_instance_cache()
    server: Any = importlib.import_module("moto.server").ThreadedMotoServer("127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    before = dict(os.environ)
    os.environ |= {**S3, "AWS_ENDPOINT_URL": f"http://{host}:{port}"}
    try:
        client = importlib.import_module("boto3").client("s3")
        client.create_bucket(Bucket="ctiqa-tests")
        client.close()
        yield "s3://ctiqa-tests"
    finally:
        os.environ.clear()
        os.environ |= before
        server.stop()


@pytest.fixture(params=["folder", "s3"])
def address(request: pytest.FixtureRequest, tmp_path: Any) -> str:
    """Where there are no parts yet."""
    if request.param == "folder":
        return str(tmp_path / "parts")
    return f"{request.getfixturevalue('s3_server')}/parts{next(NUMBERS)}"
