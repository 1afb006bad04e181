"""Open file systems of fsspec."""

from __future__ import annotations

from typing import Any

from ctiqa.archive.sources.addresses import check_url, scheme_of, shown, without_secrets
from ctiqa.archive.sources.faults import listing
from ctiqa.errors import UsageError
from ctiqa.system.extras import require_extra


def open_filesystem(url: str) -> tuple[Any, str]:
    """Open the file system of a URL.

    Args:
        url: The complete URL, with the login if there is one.

    Returns:
        The file system of fsspec, and the path in it.

    Raises:
        UsageError: If a package is missing, or the scheme or the address is wrong.
        OutputError: If the server cannot be reached.

    >>> open_filesystem("memory://ct/scan")[1]
    '/ct/scan'
    """
    check_url(url)
    scheme = scheme_of(url)
    require_extra(f"'{scheme}://'", "fsspec", extra="cluster")
    from fsspec.core import url_to_fs  # noqa: PLC0415 - optional
    from fsspec.registry import get_filesystem_class  # noqa: PLC0415 - optional

    try:
        get_filesystem_class(scheme)
    except ImportError as error:
        raise UsageError(_lack(str(scheme), error)) from error
    except ValueError as error:
        raise UsageError(
            f"the scheme '{scheme}://' is not known; s3, gs, az and sftp are"
        ) from error
    with listing(shown(url)):
        filesystem, path = url_to_fs(url)
    if shown(url) != url and "@" in path.lstrip("/").partition("/")[0]:
        raise UsageError(
            f"an address '{scheme}://…' has no user and password; give credentials in the "
            "environment or in the configuration of fsspec"
        )
    return filesystem, path


def _lack(scheme: str, error: ImportError) -> str:
    if scheme in ("s3", "s3a"):
        return (
            f"'{scheme}://' needs s3fs, which is not installed; install it with: "
            "pip install 'ctiqa[cluster]'"
        )
    return f"'{scheme}://' needs a package that is not installed: {without_secrets(error)}"
