"""Results on a disk that is not there are not given up."""

from __future__ import annotations

from tests.clinic.conftest import Watch
from tests.clinic.sending.conftest import Outbox, closed_port, dicom


def test_results_wait_for_their_disk(outbox: Outbox, watch: Watch) -> None:
    target = dicom(closed_port())
    outbox.folder.mkdir(exist_ok=True)
    outbox.put("1.2.3", "1.2.4")
    away = outbox.folder.rename(outbox.folder.with_name("away"))
    outbox.turn(target)
    assert [state for state, _ in outbox.states()] == ["waiting", "waiting"]
    errors = {each.error for each in outbox.deliveries.listed("waiting")}
    assert errors == {"the spool is gone, nothing can be sent; mount its disk again"}
    away.rename(outbox.folder)
    (outbox.folder / "1.2.3.dcm").unlink()
    watch.move(hours=1)
    outbox.turn(target)
    # What is missing on a disk that is there is gone for good.
    assert sorted(state for state, _ in outbox.states()) == ["failed", "waiting"]
