"""TLS: certificates of a file, of dask's configuration, or made for one survey."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ctiqa.cluster.engines.libraries import Security, library
from ctiqa.cluster.engines.settings import read_settings
from ctiqa.errors import UsageError
from ctiqa.system.extras import require_extra


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """The file of ``tls:FILE.toml``.

    Attributes:
        address: ``tls://HOST:PORT``.
        ca: Certificate of the authority that has signed those of the scheduler and the workers.
        cert: Certificate of this client.
        key: Its private key.
    """

    address: str
    ca: str
    cert: str
    key: str


def read_tls(path: Path) -> TlsFiles:
    """Read ``tls:FILE.toml``.

    Raises:
        UsageError: If it breaks a rule, or names a file that is not there.
    """
    found = read_settings(path, TlsFiles)
    for name, file in (("ca", found.ca), ("cert", found.cert), ("key", found.key)):
        if not Path(file).expanduser().is_file():
            raise UsageError(f"'{name}' in '{path}' must be a file, and '{file}' is none")
    return found


def security_of(files: TlsFiles) -> Security:
    """Certificates of files, for all parts of a cluster."""
    ca, cert, key = (str(Path(each).expanduser()) for each in (files.ca, files.cert, files.key))
    return library("distributed").Security(
        require_encryption=True,
        tls_ca_file=ca,
        tls_client_cert=cert,
        tls_client_key=key,
        tls_scheduler_cert=cert,
        tls_scheduler_key=key,
        tls_worker_cert=cert,
        tls_worker_key=key,
    )


def configured_security() -> Security:
    """Certificates of dask's own configuration.

    Raises:
        UsageError: If it names none.
    """
    found = library("distributed").Security(require_encryption=True)
    if not (found.tls_ca_file and found.tls_client_cert):
        raise UsageError(
            "'tls://' needs certificates: name them in dask's configuration (distributed.comm.tls, "
            "or DASK_DISTRIBUTED__COMM__TLS__CA_FILE, …__CLIENT__CERT and …__CLIENT__KEY), or use "
            "'tls:FILE.toml' with address, ca, cert and key"
        )
    return found


def temporary_security() -> Security:
    """Certificates for one survey; only who gets them can connect, also from this computer.

    Raises:
        UsageError: If the library that makes them is not installed.
    """
    require_extra("TLS between workers", "cryptography", extra="cluster")
    return library("distributed").Security.temporary()
