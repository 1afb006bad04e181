"""What docs/clinic.md and the conformance statement say is what the program does."""

from __future__ import annotations

import re
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydicom.uid import UID
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]
from tools.site.commands import page as reference

from ctiqa.clinic import receiving
from ctiqa.clinic.alerts import limits, message, queue, signs
from ctiqa.clinic.config import Config
from ctiqa.clinic.config.example import example
from ctiqa.clinic.config.reading import config_from
from ctiqa.clinic.config.sending import DicomTarget
from ctiqa.clinic.receiving.callers import why_rejected
from ctiqa.clinic.receiving.protocol.negotiation import ACCEPTED
from ctiqa.clinic.receiving.protocol.pdus import OWN_MOST_PDU
from ctiqa.clinic.receiving.reception import NO_SEAT, OTHER_VERSION
from ctiqa.clinic.records.alerts import Alert, News
from ctiqa.clinic.sending import dicom, statuses
from ctiqa.clinic.sending.pauses import FIRST_PAUSE
from ctiqa.clinic.spool.spool import PRIVATE
from ctiqa.io.dicom.writing.uids import derived_uid
from ctiqa.sr.codes import REPORT, SCHEME, SCHEME_VERSION
from ctiqa.sr.encapsulated import PDF_OFFSET
from ctiqa.sr.report import SERIES_OFFSET
from ctiqa.web.identity import guard
from ctiqa.web.uploads.uploads import UNPACKED

DOCS = Path(__file__).parents[2] / "docs"
CLINIC = (DOCS / "clinic.md").read_text(encoding="utf-8")
CONFORMANCE = (DOCS / "dicom-conformance.md").read_text(encoding="utf-8")


def section(text: str, title: str) -> str:
    """A section of a page, up to the next heading of its level."""
    level = title.partition(" ")[0]
    found = re.search(rf"^{re.escape(title)}$(.*?)(?=^#{{2,{len(level)}}} |\Z)", text, re.M | re.S)
    assert found is not None, title
    return found[1]


def rows(text: str) -> list[list[str]]:
    """Rows of tables, without their heads."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    return [row for row in cells if not set("".join(row)) <= set("-")]


def test_sop_classes() -> None:
    classes = [
        row for row in rows(section(CONFORMANCE, "### Network services")) if row[1][0] == "1"
    ]
    for name, uid, *_ in classes:
        assert UID(uid).name.replace(" SOP Class", "").startswith(name)
    assert {row[1] for row in classes if row[3] == "yes"} == ACCEPTED
    sent = {UID(row[1]).keyword for row in classes if row[2] == "yes"}
    assert sent == {"ComprehensiveSRStorage", "EncapsulatedPDFStorage"}
    checked = [row[1] for row in classes if row[2].startswith("yes, by")]
    assert checked == [Verification]
    assert not sent & {UID(each).keyword for each in ACCEPTED}


def test_the_policy_of_associations() -> None:
    listen = Config().listen
    said = {row[0]: row[1] for row in rows(section(CONFORMANCE, "### Association policies"))}
    assert said["AE title"] == f"`{listen.ae_title}`"
    assert said["port"] == str(listen.port)
    assert said["associations at once"] == str(listen.most_associations)
    assert said["longest PDU that is asked for"] == f"{OWN_MOST_PDU} bytes"
    assert said["largest instance"] == f"{listen.most_instance_megabytes} MB"
    assert said["association without traffic"] == f"ended after {listen.idle_seconds} s"


def test_rejections() -> None:
    table = rows(section(CONFORMANCE, "### Association policies"))
    said = {row[0]: row[1] for row in table if re.fullmatch(r"\d, \d, \d", row[1])}
    unknown = why_rejected(Config().listen, "CT1", "CTIQA", "192.0.2.1")
    listen = config_from({"listen": {"any_peer": True}}).listen
    other_name = why_rejected(listen, "CT1", "OTHER", "192.0.2.1")
    for name, why in (
        ("calling AE title not recognised", unknown),
        ("called AE title not recognised", other_name),
        ("protocol version not supported", OTHER_VERSION),
        ("local limit exceeded", NO_SEAT),
    ):
        assert why is not None
        assert said[name] == f"{why.result}, {why.source}, {why.reason}"


def test_statuses_of_receiving() -> None:
    said = [row[0] for row in rows(section(CONFORMANCE, "### C-STORE")) if row[0].startswith("0x")]
    folder = Path(receiving.__file__).parent
    code = "".join(file.read_text(encoding="utf-8") for file in sorted(folder.rglob("*.py")))
    assert set(said) == set(re.findall(r"\b[A-Z]\w+\((0x[0-9A-F]{4})\b", code))


def test_statuses_of_sending() -> None:
    said = rows(section(CONFORMANCE, "## 4 AE specification: sending"))
    by_outcome = {row[1]: [*re.findall(r"0x\w{4}", row[0])] for row in said if "0x" in row[0]}

    def number(text: str) -> int:
        return int(text.removeprefix("0x").replace("x", "0"), 16)

    found = {text: {number(each) for each in each_of} for text, each_of in by_outcome.items()}
    delivered = set().union(*(codes for text, codes in found.items() if "delivered" in text))
    assert delivered == statuses.STORED
    [again] = [codes for text, codes in found.items() if text.startswith("tries again")]
    assert again == set(statuses.TEMPORARY)
    [never] = [codes for text, codes in found.items() if text.startswith("gives up")]
    assert never == set(statuses.FINAL)
    facts = {row[0]: row[1] for row in said}
    assert facts["connection timeout"] == f"{dicom.CONNECT_S:g} s"
    assert facts["answer timeout"] == f"{dicom.ANSWER_S:g} s"
    hours = DicomTarget.model_fields["give_up_hours"].default
    assert f"until `send.give_up_hours` ({hours}) have passed" in CONFORMANCE
    assert timedelta(seconds=30) == FIRST_PAUSE


def test_objects() -> None:
    text = section(CONFORMANCE, "## 6 Objects that are created")
    assert f"the source + {SERIES_OFFSET} |" in text
    assert f"the source + {PDF_OFFSET} |" in text
    root = re.search(r"SOP Instance UID \| `([\d.]+)`", text)
    assert root is not None
    assert derived_uid("content").startswith(root[1])
    assert f"{SCHEME}, version {SCHEME_VERSION}," in text
    assert f"({REPORT.value}, {REPORT.scheme}, {REPORT.meaning})" in text


@pytest.mark.parametrize("text", [CLINIC, CONFORMANCE], ids=["clinic", "conformance"])
def test_keys_and_commands_exist(text: str) -> None:
    keys = set(re.findall(r"^#*(\w+) = ", example(), re.MULTILINE))
    for name in re.findall(r"`(?:listen|send|spool|score|web|watch)\.(\w+)`", text):
        assert name in keys
    for name in ("quiet_seconds", "keep_days", "session_hours", "again_hours", "most_per_hour"):
        assert f"`{name}`" not in text or name in keys
    known = reference()
    commands = set(
        re.findall(r"\bctiqa ((?:config )?[a-z]+)(?= --config| --sr|`| FILE| /etc)", text)
    )
    assert len(commands) >= 2
    for command in commands:
        assert f"\n## ctiqa {command}\n" in known


def test_examples_of_the_configuration_are_valid() -> None:
    blocks = re.findall(r"^```toml\n(.*?)^```$", CLINIC, re.MULTILINE | re.DOTALL)
    blocks += re.findall(r"ctiqa\.toml <<END\n(.*?)^END$", CLINIC, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 4
    for block in blocks:
        filled = block.replace("$HOME", "/home/me").replace('"…"', f'"{"0" * 64}"')
        filled = filled.replace("$argon2id$…", "$argon2id$v=19$m=65536,t=3,p=4$SALT$HASH")
        assert config_from(tomllib.loads(filled)) != Config()


def test_numbers_of_the_clinic() -> None:
    made = Config()
    assert f"`keep_days` ({made.spool.keep_days:g})" in CLINIC
    assert f"`keep_gigabytes` ({made.spool.keep_gigabytes:g})" in CLINIC
    assert made.score.tries == 3
    assert "tried three times" in CLINIC
    assert f"permissions 0{PRIVATE:o} " in CLINIC
    assert (10, timedelta(minutes=1)) == guard.BY_ADDRESS
    assert "Ten wrong passwords in a minute from one\naddress" in CLINIC
    assert (30, timedelta(minutes=15)) == guard.BY_NAME
    assert f"| `schema` | `{message.SCHEMA}` |" in CLINIC
    assert f"lists up to {message.MOST_LISTED} alerts" in CLINIC
    assert f"`most_upload_megabytes` ({made.web.most_upload_megabytes})" in CLINIC
    assert f"`most_uploads` ({made.web.most_uploads})" in CLINIC
    # The upload itself, and what is unpacked from it.
    assert UNPACKED + 1 == 5
    assert "up to five times" in CLINIC


def test_keys_of_a_webhook() -> None:
    now = datetime(2026, 1, 31, tzinfo=UTC)
    alert = Alert("disk:spool", "full", {}, now, now, None, None, 1)
    sent = message.message_of("CTIQA", now, [News("new", alert)]).as_json()
    tables = rows(section(CLINIC, "## Alerts"))
    named = [key for row in tables for key in re.findall(r"`(\w+)`", row[0])]
    assert named == [*sent, *sent["alerts"][0]]
    [kinds] = [row[1] for row in tables if row[0] == "`kind`"]
    assert set(re.findall(r"`([\w-]+)`", kinds)) == {
        limits.KIND,
        limits.FILE,
        signs.KIND,
        queue.ASIDE,
        queue.DELIVERY,
        queue.DISK,
    }


def test_metrics_exist() -> None:
    package = Path(message.__file__).parents[2] / "web" / "metering"
    code = "".join(file.read_text(encoding="utf-8") for file in package.glob("*.py"))
    named = re.findall(r"`(ctiqa_\w+)", section(CLINIC, "## Metrics"))
    assert len(named) > 6
    assert [name for name in named if f'"{name}"' not in code] == []
