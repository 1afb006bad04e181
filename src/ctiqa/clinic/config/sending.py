"""Sections of what goes out: targets of results, archives to catch up with, alerts."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from ctiqa.clinic.config.section import AeTitle, FilePath, Name, Port, Section

Kind = Literal["sr", "pdf"]


def _url(text: str) -> str:
    from urllib.parse import urlsplit  # noqa: PLC0415

    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError("must be a URL such as 'https://pacs/dicom-web'") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise ValueError("must be a URL such as 'https://pacs/dicom-web'")
    if parts.username or parts.password:
        raise ValueError("must not hold a user or password; use 'user' and 'password_file'")
    return text.rstrip("/")


Url = Annotated[str, AfterValidator(_url)]


class Login(Section):
    """How to log in at a server.

    Attributes:
        user: User of HTTP Basic.
        password_file: File with its password.
        token_file: File with a bearer token, instead of a user.
        authorities: Certificates of the authorities that sign the server's, PEM; by default
            those of the system.
    """

    user: str | None = None
    password_file: FilePath | None = None
    token_file: FilePath | None = None
    authorities: FilePath | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Login:
        if (self.user is None) != (self.password_file is None):
            raise ValueError("needs both 'user' and 'password_file', or neither")
        if self.user is not None and self.token_file is not None:
            raise ValueError("takes 'user' and 'password_file', or 'token_file', not both")
        return self


class TlsClient(Section):
    """TLS of a DICOM target.

    Attributes:
        authorities: Certificates of the authorities that sign the target's, PEM.
        certificate: Certificate of ctiqa, PEM, if the target asks for one.
        key: Its private key, PEM.
    """

    authorities: FilePath
    certificate: FilePath | None = None
    key: FilePath | None = None


class DicomTarget(Section):
    """An archive that takes results by C-STORE.

    Attributes:
        kind: ``"dicom"``.
        name: Name, as it is shown.
        ae_title: Its AE title.
        host: Its address.
        port: Its port.
        calling: AE title of ctiqa; by default that of the listener.
        results: What is sent.
        give_up_hours: A result that is not delivered for so long is given up.
        tls: Certificates; without, connections are not encrypted.
    """

    kind: Literal["dicom"]
    name: Name
    ae_title: AeTitle
    host: str
    port: Port
    calling: AeTitle | None = None
    results: tuple[Kind, ...] = Field(default=("sr",), strict=False, min_length=1)
    give_up_hours: float = Field(default=168, gt=0)
    tls: TlsClient | None = None


class StowTarget(Login):
    """An archive that takes results by DICOMweb (STOW-RS).

    Attributes:
        kind: ``"stow"``.
        name: Name, as it is shown.
        url: Address of its DICOMweb, without ``/studies``.
        results: What is sent.
        give_up_hours: A result that is not delivered for so long is given up.
    """

    kind: Literal["stow"]
    name: Name
    url: Url
    results: tuple[Kind, ...] = Field(default=("sr",), strict=False, min_length=1)
    give_up_hours: float = Field(default=168, gt=0)


Target = Annotated[DicomTarget | StowTarget, Field(discriminator="kind")]


class Fetch(Login):
    """An archive that is asked for what was missed.

    Attributes:
        kind: ``"orthanc"``: its list of changes; ``"dicomweb"``: QIDO-RS by day, WADO-RS.
        name: Name, as it is shown.
        url: Address of Orthanc, or of the DICOMweb without ``/studies``.
        every_seconds: Time between two looks.
        days: How many days back studies are looked for at the first time, and again each time
            with DICOMweb.
    """

    kind: Literal["orthanc", "dicomweb"]
    name: Name
    url: Url
    every_seconds: float = Field(default=300, ge=1, le=86_400)
    days: int = Field(default=3, ge=0, le=3650)


class Webhook(Section):
    """Alerts as JSON by HTTP POST.

    Attributes:
        kind: ``"webhook"``.
        name: Name, as it is shown.
        url: Address.
        token_file: File with a bearer token.
    """

    kind: Literal["webhook"]
    name: Name
    url: Url
    token_file: FilePath | None = None


class Mail(Section):
    """Alerts by e-mail.

    Attributes:
        kind: ``"mail"``.
        name: Name, as it is shown.
        host: SMTP server.
        port: Its port.
        tls: ``"starttls"``, ``"tls"`` from the beginning, or ``"none"``.
        user: User, if the server asks for one.
        password_file: File with its password.
        sender: Address of the sender.
        to: Addresses of the receivers.
    """

    kind: Literal["mail"]
    name: Name
    host: str
    port: Port = 587
    tls: Literal["starttls", "tls", "none"] = "starttls"
    user: str | None = None
    password_file: FilePath | None = None
    sender: str
    to: tuple[str, ...] = Field(strict=False, min_length=1)


class Syslog(Section):
    """Alerts to syslog (RFC 5424).

    Attributes:
        kind: ``"syslog"``.
        name: Name, as it is shown.
        host: Server; ``None`` for that of this computer.
        port: Its port.
        protocol: ``"udp"`` or ``"tcp"``.
    """

    kind: Literal["syslog"]
    name: Name
    host: str | None = None
    port: Port = 514
    protocol: Literal["udp", "tcp"] = "udp"


Alert = Annotated[Webhook | Mail | Syslog, Field(discriminator="kind")]


class Watch(Section):
    """What alerts are about.

    Attributes:
        limits: File with limits, as for ``ctiqa trends --limits``.
        every_seconds: Time between two checks.
        again_hours: An alert that lasts is repeated after so long.
        most_per_hour: Messages of one hour; further alerts are counted in the last one.
    """

    limits: FilePath | None = None
    every_seconds: float = Field(default=300, ge=1, le=86_400)
    again_hours: float = Field(default=24, gt=0)
    most_per_hour: int = Field(default=10, ge=1, le=1000)
