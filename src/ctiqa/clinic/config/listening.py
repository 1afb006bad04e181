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
        key: Its private key, PEM, without password.
        clients: Certificates of the authorities that sign those of senders; a sender must show
            a certificate.
    """

    certificate: FilePath
    key: FilePath
    clients: FilePath


class Peer(Section):
    """Who may send.

    Attributes:
        ae_title: Its AE title.
        addresses: Its addresses or networks; empty for any address.
    """

    ae_title: AeTitle
    addresses: tuple[Network, ...] = Field(default=(), strict=False)


class Listen(Section):
    """The DICOM listener.

    Attributes:
        ae_title: Its AE title; a sender that calls it by another name is refused.
        host: Address that it listens on.
        port: Its port.
        peers: Who may send; nobody else is accepted.
        any_peer: Accept every sender; for trials on one computer.
        most_associations: Number of associations at once.
        most_instance_megabytes: Largest instance that is accepted.
        idle_seconds: An association on which nothing comes for so long is ended.
        tls: Certificates; without, connections are not encrypted.
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
        folder: The folder; it is created, for the user of ctiqa alone.
        keep_days: Scored series are removed so many days after they came.
        keep_gigabytes: Scored series are removed earlier, the oldest first, to stay below.
        reserve_gigabytes: If less is free on the disk, nothing is accepted (status 0xA700).
    """

    folder: FilePath = Field(default="/var/lib/ctiqa/spool")  # type: ignore[assignment]
    keep_days: float = Field(default=7, ge=0, le=3650)
    keep_gigabytes: float = Field(default=50, gt=0)
    reserve_gigabytes: float = Field(default=1, ge=0)


class Score(Section):
    """How series are scored.

    Attributes:
        workers: Number of processes that score.
        quiet_seconds: A series is complete if nothing has come for so long.
        model: Name of the model, or path of its ``.onnx`` file.
        engine: Engine of the network.
        calibration: File of ``ctiqa calibrate``; scores are mapped to local readers.
        tries: A series on which a worker fails as often is set aside.
        lease_seconds: After so long without a sign of life, a worker has lost its series.
    """

    workers: int = Field(default=1, ge=1, le=64)
    quiet_seconds: float = Field(default=60, ge=0, le=86_400)
    model: str | None = None
    engine: str = "auto"
    calibration: FilePath | None = None
    tries: int = Field(default=3, ge=1, le=10)
    lease_seconds: int = Field(default=120, ge=10, le=3600)
