"""Values in the example for keys that have no default."""

from __future__ import annotations

from typing import Any

FOLDER = "/etc/ctiqa"
"""Where the example has its certificates and secrets."""

BY_SECTION: dict[str, dict[str, Any]] = {
    "StoreSection": {
        "password_file": f"{FOLDER}/secrets/database",
        "uids": "plain",
        "dates": "day",
    },
    "Score": {"model": "ctiqa-s4", "calibration": f"{FOLDER}/calibration.json"},
    "Peer": {"ae_title": "PACS", "addresses": ["192.0.2.10", "192.0.2.64/27"]},
    "TlsServer": {"clients": f"{FOLDER}/tls/senders.pem"},
    "DicomTarget": {
        "name": "pacs",
        "ae_title": "PACS",
        "host": "pacs.example.org",
        "port": 104,
        "calling": "CTIQA",
    },
    "StowTarget": {"name": "archive", "url": "https://archive.example.org/dicom-web"},
    "Fetch": {"name": "orthanc", "url": "https://orthanc.example.org"},
    "Webhook": {"name": "chat", "url": "https://chat.example.org/hooks/ctiqa"},
    "Mail": {
        "name": "physics",
        "host": "mail.example.org",
        "sender": "ctiqa@example.org",
        "to": ["physics@example.org"],
    },
    "Syslog": {"name": "log", "host": "log.example.org"},
    "Watch": {"limits": f"{FOLDER}/limits.toml"},
    "User": {
        "name": "physicist",
        "password": "$argon2id$v=19$m=65536,t=3,p=4$SALT$HASH",
        "where": ["station=CT1"],
    },
    "Token": {
        "name": "statistics",
        "sha256": "0" * 64,
        "scopes": ["read"],
        "where": ["station=CT1"],
    },
    "Web": {"audit_file": "/var/log/ctiqa/audit.jsonl"},
}
"""Values by section and key."""

FOR_ALL: dict[str, Any] = {
    "certificate": f"{FOLDER}/tls/ctiqa.pem",
    "key": f"{FOLDER}/tls/ctiqa.key",
    "authorities": f"{FOLDER}/tls/authorities.pem",
    "user": "ctiqa",
    "password_file": f"{FOLDER}/secrets/password",
    "token_file": f"{FOLDER}/secrets/token",
}
"""Values of keys that several sections have."""

INSTEAD = {"token_file": "user"}
"""Keys that replace another one of the same table, where it has that one."""
