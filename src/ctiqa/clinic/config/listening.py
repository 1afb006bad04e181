"""Sections of the listener: who may send, where files are kept, how series are scored."""

from __future__ import annotations

import ipaddress
from typing import Annotated

from pydantic import AfterValidator, Field, field_validator

from ctiqa.clinic.config.section import AeTitle, FilePath, Port, Section


def _network(text: str) -> str:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        raise ValueError(
            f"must be an IP address or a network such as '10.0.0.0/24', got '{text[:64]}'"
        ) from None
    return text


Network = Annotated[str, AfterValidator(_network)]


class TlsServer(Section):
    """TLS of the listener.

    Attributes:
        certificate: Certificate of the listener with its chain, PEM.
        key: Private key of the certificate, PEM, without password.
        clients: Certificates of the authorities that sign the certificates of senders, PEM; every
            sender must present one.
    """

    certificate: FilePath
    key: FilePath
    clients: FilePath


class Peer(Section):
    """Who may send.

    Attributes:
        ae_title: AE title of the sender.
        addresses: IP addresses or networks of the sender; empty for any address.
    """

    ae_title: AeTitle
    addresses: tuple[Network, ...] = Field(default=(), strict=False)


class Listen(Section):
    """The DICOM listener.

    Attributes:
        ae_title: AE title of ctiqa; a sender that calls another one is rejected.
        host: Address to listen on; "0.0.0.0" for all addresses of this computer.
        port: Port to listen on.
        peers: Who may send; nobody else is accepted.
        any_peer: Accept every sender; for trials on one computer.
        most_associations: Largest number of associations at once.
        most_instance_megabytes: Largest instance that is accepted.
        idle_seconds: An association without traffic is ended after this time.
        tls: Certificates; without them, connections are not encrypted.
    """

    ae_title: AeTitle = "CTIQA"
    host: str = "127.0.0.1"
    port: Port = 11112
    peers: tuple[Peer, ...] = Field(default=(), strict=False)
    any_peer: bool = False
    most_associations: int = Field(default=10, ge=1, le=100)
    most_instance_megabytes: int = Field(default=4096, ge=1, le=65536)
    idle_seconds: int = Field(default=60, ge=1, le=3600)
    tls: TlsServer | None = None

    @field_validator("peers")
    @classmethod
    def _distinct(cls, given: tuple[Peer, ...]) -> tuple[Peer, ...]:
        titles = [each.ae_title for each in given]
        if twice := sorted({title for title in titles if titles.count(title) > 1}):
            raise ValueError(
                f"must have different AE titles, got '{twice[0]}' twice; list all addresses of a "
                "sender in one table"
            )
        return given


class Spool(Section):
    """The folder for received files.

    Attributes:
        folder: The folder, on a local disk; it is created, readable for the user of ctiqa only.
        keep_days: Scored series are removed this many days after they arrived.
        keep_gigabytes: Scored series are removed earlier, oldest first, to stay below this size.
        reserve_gigabytes: If less is free on the disk, nothing is accepted (status 0xA700).
    """

    folder: FilePath = Field(default="/var/lib/ctiqa/spool")  # type: ignore[assignment]
    keep_days: float = Field(default=7, ge=0, le=3650)
    keep_gigabytes: float = Field(default=50, gt=0)
    reserve_gigabytes: float = Field(default=1, ge=0)


class Score(Section):
    """How series are scored.

    Attributes:
        workers: Number of processes that score; each needs a core and about 1 GB of memory.
        quiet_seconds: A series is complete if no instance has arrived for this time.
        model: Name of the model, or path of its ``.onnx`` file.
        engine: Engine that runs the network: "auto", "onnxruntime" or "openvino" (extra fast).
        calibration: File of ``ctiqa calibrate``; scores are mapped to local readers.
        tries: A series is set aside after this many failed tries.
        lease_seconds: A worker without a sign of life for this time loses its series to another.
    """

    workers: int = Field(default=1, ge=1, le=64)
    quiet_seconds: float = Field(default=60, ge=0, le=86_400)
    model: str | None = None
    engine: str = "auto"
    calibration: FilePath | None = None
    tries: int = Field(default=3, ge=1, le=10)
    lease_seconds: int = Field(default=120, ge=10, le=3600)
