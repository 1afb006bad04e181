"""What other users of the computer can read."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.web.made import HASH, configured, user

from ctiqa.clinic.config.checks.files import check_itself
from ctiqa.clinic.records.clock import utc_now
from ctiqa.web.audit import Audit
from ctiqa.web.identity.guard import Guard
from ctiqa.web.uploads.room import Room


@pytest.mark.parametrize(("mode", "n"), [(0o644, 1), (0o604, 1), (0o640, 0), (0o600, 0)])
def test_hashes_of_passwords_are_not_for_everybody(tmp_path: Path, mode: int, n: int) -> None:
    file = tmp_path / "ctiqa.toml"
    file.write_text("")
    file.chmod(mode)
    found = [*check_itself(file, configured(tmp_path, users=[user("ann")]))]
    assert [each.state for each in found] == ["warning"] * n
    assert not any(HASH in each.sentence for each in found)
    assert not [*check_itself(file, configured(tmp_path))]


def test_files_of_the_dashboard_are_private(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    config = configured(tmp_path, users=[user("ann")])
    guard = Guard(config.web, utc_now)
    session = guard.sessions.read(guard.sessions.begin("ann"))
    assert session is not None
    guard.sessions.end(session)
    Audit(config.web.audit_file).check()
    room = Room()
    with room.folder() as folder:
        private = [tmp_path / "web.key", tmp_path / "web.key.ended", folder, folder.parent]
        assert [oct(each.stat().st_mode & 0o077) for each in private] == ["0o0"] * 4
    room.close()
    assert (tmp_path / "audit.jsonl").stat().st_mode & 0o007 == 0
