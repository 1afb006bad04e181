"""The DICOM listener: C-STORE and C-ECHO, with limits on everything that a sender can cause.

PDUs of associations and the negotiation are those of pynetdicom. Its server is not used: it reads
ahead without limit, waits for TLS handshakes of one sender while others knock, has no limit on
the size of a PDU, and polls. Here one thread for each connection reads from a socket with a
deadline, and writes what comes to the disk at once.
"""

from __future__ import annotations

from ctiqa.clinic.receiving.receiver import run_receiver

__all__ = ["run_receiver"]
