"""Sections of what goes out: targets of results, archives to catch up with, alerts."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from ctiqa.clinic.config.section import AeTitle, FilePath, Name, Section
from ctiqa.clinic.config.values import Host, MailAddress, TargetPort, Url, is_open

Kind = Literal["sr", "pdf"]


class Login(Section):
    """How to log in at a server.

    Attributes:
        user: User for HTTP Basic authentication.
        password_file: File with the user's password.
        token_file: File with a bearer token, instead of a user.
        open_login: Send user and password, or the token, to an ``http`` address too, where others
            on the network can read them.
        authorities: Certificates of the authorities that sign the server's, PEM; by default
            those of the system.
    """

    user: str | None = None
    password_file: FilePath | None = None
    token_file: FilePath | None = None
    open_login: bool = False
    authorities: FilePath | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Login:
        if (self.user is None) != (self.password_file is None):
            raise ValueError("needs both 'user' and 'password_file', or neither")
        if self.user is not None and self.token_file is not None:
            raise ValueError("takes 'user' and 'password_file', or 'token_file', not both")
        return self

    def _closed(self, url: str) -> None:
        """Refuse a login that others could read on the network, unless the file allows it."""
        has_login = self.user is not None or self.token_file is not None
        if has_login and is_open(url) and not self.open_login:
            raise ValueError(
                "must not send a login to an 'http' address, where others can read it; use "
                "'https', or set 'open_login = true'"
            )


class TlsClient(Section):
    """TLS of a DICOM target.

    Attributes:
        authorities: Certificates of the authorities that sign the target's, PEM.
        certificate: Certificate of ctiqa, PEM, if the target asks for one.
        key: Private key of the certificate, PEM, without password.
    """

    authorities: FilePath
    certificate: FilePath | None = None
    key: FilePath | None = None

    @model_validator(mode="after")
    def _both(self) -> TlsClient:
        if self.key is not None and self.certificate is None:
            raise ValueError("needs 'certificate' with 'key'")
        return self


class DicomTarget(Section):
    """An archive that takes results by C-STORE.

    Attributes:
        kind: ``"dicom"``.
        name: Name for messages and pages; lower case.
        ae_title: AE title of the archive.
        host: Name or IP address of the archive.
        port: DICOM port of the archive.
        calling: AE title of ctiqa; by default that of the listener.
        results: What is sent.
        give_up_hours: A result that cannot be delivered is given up after this time.
        tls: Certificates; without them, connections are not encrypted.
    """

    kind: Literal["dicom"]
    name: Name
    ae_title: AeTitle
    host: Host
    port: TargetPort
    calling: AeTitle | None = None
    results: tuple[Kind, ...] = Field(default=("sr",), strict=False, min_length=1)
    give_up_hours: float = Field(default=168, gt=0, le=87_600)
    tls: TlsClient | None = None


class StowTarget(Login):
    """An archive that takes results by DICOMweb (STOW-RS).

    Attributes:
        kind: ``"stow"``.
        name: Name for messages and pages; lower case.
        url: Base URL of its DICOMweb service, without ``/studies``.
        results: What is sent.
        give_up_hours: A result that cannot be delivered is given up after this time.
    """

    kind: Literal["stow"]
    name: Name
    url: Url
    results: tuple[Kind, ...] = Field(default=("sr",), strict=False, min_length=1)
    give_up_hours: float = Field(default=168, gt=0, le=87_600)

    @model_validator(mode="after")
    def _safe(self) -> StowTarget:
        self._closed(self.url)
        return self


Target = Annotated[DicomTarget | StowTarget, Field(discriminator="kind")]


class Fetch(Login):
    """An archive that is asked for what the listener missed.

    Attributes:
        kind: ``"orthanc"``: its list of changes; ``"dicomweb"``: QIDO-RS by day, WADO-RS.
        name: Name for messages and pages; lower case.
        url: URL of Orthanc, or base URL of the DICOMweb service without ``/studies``.
        every_seconds: Time between two queries.
        days: How many days back to look for studies: the first time with Orthanc, every time with
            DICOMweb.
    """

    kind: Literal["orthanc", "dicomweb"]
    name: Name
    url: Url
    every_seconds: float = Field(default=300, ge=1, le=86_400)
    days: int = Field(default=3, ge=0, le=3650)

    @model_validator(mode="after")
    def _safe(self) -> Fetch:
        self._closed(self.url)
        return self


class Webhook(Section):
    """Alerts as JSON by HTTP POST.

    Attributes:
        kind: ``"webhook"``.
        name: Name for messages and pages; lower case.
        url: URL that gets the message.
        token_file: File with a bearer token.
        open_login: Send the token to an ``http`` address too, where others can read it.
        authorities: Certificates of the authorities that sign the server's, PEM; by default
            those of the system.
    """

    kind: Literal["webhook"]
    name: Name
    url: Url
    token_file: FilePath | None = None
    open_login: bool = False
    authorities: FilePath | None = None

    @model_validator(mode="after")
    def _safe(self) -> Webhook:
        if self.token_file is not None and is_open(self.url) and not self.open_login:
            raise ValueError(
                "must not send a token to an 'http' address, where others can read it; use "
                "'https', or set 'open_login = true'"
            )
        return self


class Mail(Section):
    """Alerts by e-mail.

    Attributes:
        kind: ``"mail"``.
        name: Name for messages and pages; lower case.
        host: SMTP server.
        port: Port of the SMTP server.
        tls: ``"starttls"``, ``"tls"`` from the beginning, or ``"none"``.
        user: User, if the server asks for one.
        password_file: File with the user's password.
        authorities: Certificates of the authorities that sign the server's, PEM; by default
            those of the system.
        sender: Address of the sender.
        to: Addresses of the recipients.
    """

    kind: Literal["mail"]
    name: Name
    host: Host
    port: TargetPort = 587
    tls: Literal["starttls", "tls", "none"] = "starttls"
    user: str | None = None
    password_file: FilePath | None = None
    authorities: FilePath | None = None
    sender: MailAddress
    to: tuple[MailAddress, ...] = Field(strict=False, min_length=1)

    @model_validator(mode="after")
    def _safe(self) -> Mail:
        if (self.user is None) != (self.password_file is None):
            raise ValueError("needs both 'user' and 'password_file', or neither")
        if self.user is not None and self.tls == "none":
            raise ValueError("must not send a password without TLS; set 'tls' to 'starttls'")
        return self


class Syslog(Section):
    """Alerts to syslog (RFC 5424).

    Attributes:
        kind: ``"syslog"``.
        name: Name for messages and pages; lower case.
        host: Syslog server; ``None`` for that of this computer.
        port: Port of the syslog server.
        protocol: ``"udp"`` or ``"tcp"``.
    """

    kind: Literal["syslog"]
    name: Name
    host: Host | None = None
    port: TargetPort = 514
    protocol: Literal["udp", "tcp"] = "udp"


Alert = Annotated[Webhook | Mail | Syslog, Field(discriminator="kind")]


class Watch(Section):
    """What alerts are about.

    Attributes:
        limits: File with limits, as for ``ctiqa trends --limits``.
        every_seconds: Time between two checks.
        again_hours: An alert that lasts is repeated after this time.
        most_per_hour: Largest number of messages in an hour; further alerts wait, and are counted.
    """

    limits: FilePath | None = None
    every_seconds: float = Field(default=300, ge=1, le=86_400)
    again_hours: float = Field(default=24, gt=0)
    most_per_hour: int = Field(default=10, ge=1, le=1000)
