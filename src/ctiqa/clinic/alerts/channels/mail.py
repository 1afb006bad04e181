"""Messages by e-mail (SMTP), as plain text."""

from __future__ import annotations

import smtplib
import ssl
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid

from ctiqa.clinic.alerts.channels.fault import NotToldError, PartlyToldError
from ctiqa.clinic.alerts.message import Message
from ctiqa.clinic.config.section import read_secret
from ctiqa.clinic.config.sending import Mail
from ctiqa.clinic.sending.probing import unreachable
from ctiqa.clinic.sending.tls import TlsError, trusting, untrusted
from ctiqa.errors import UsageError

TIMEOUT_S = 20.0
"""How long to wait for each answer of the server."""


def send_mail(channel: Mail, message: Message) -> None:
    """Send a message to all receivers.

    Raises:
        NotToldError: If the server cannot be reached, or refuses the login or all receivers.
        PartlyToldError: If it refuses some receivers.
    """
    try:
        with _connected(channel) as server:
            if channel.user is not None and channel.password_file is not None:
                server.login(channel.user, read_secret(channel.password_file))
            refused = server.send_message(mail_of(channel, message))
    except (TlsError, UsageError) as error:
        raise NotToldError(str(error)) from None
    except smtplib.SMTPException as error:
        raise NotToldError(_why(error)) from None
    except OSError as error:
        raise NotToldError(_unconnected(error)) from None
    if refused:
        # The others have it; another message would reach them again.
        raise PartlyToldError(f"it refuses {len(refused)} of {len(channel.to)} receivers")


def mail_of(channel: Mail, message: Message) -> EmailMessage:
    """The e-mail; the library refuses headers with line ends, and addresses were checked."""
    mail = EmailMessage()
    mail["Subject"] = message.subject
    mail["From"] = channel.sender
    mail["To"] = ", ".join(channel.to)
    mail["Date"] = format_datetime(message.created)
    mail["Message-ID"] = make_msgid(domain=channel.sender.rpartition("@")[2])
    # Nobody's holiday message is wanted in return (RFC 3834).
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.text)
    return mail


def _connected(channel: Mail) -> smtplib.SMTP:
    """A connection, encrypted as configured."""
    if channel.tls == "tls":
        context = trusting(channel.authorities)
        return smtplib.SMTP_SSL(channel.host, channel.port, timeout=TIMEOUT_S, context=context)
    server = smtplib.SMTP(channel.host, channel.port, timeout=TIMEOUT_S)
    if channel.tls == "starttls":
        try:
            server.starttls(context=trusting(channel.authorities))
        except BaseException:
            server.close()
            raise
    return server


def _unconnected(error: OSError) -> str:
    return untrusted(error) if isinstance(error, ssl.SSLError) else unreachable(error)


def _why(error: smtplib.SMTPException) -> str:
    """What a server refuses; its own words are not quoted."""
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return f"it does not accept 'user' and the password (SMTP status {error.smtp_code})"
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return "it refuses all receivers; correct 'to', or allow ctiqa to send there"
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return "it does not offer STARTTLS or a login; set 'tls' to what it offers"
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return "it closes the connection; see its log, and whether it expects TLS at once"
    code = (
        f" (SMTP status {error.smtp_code})"
        if isinstance(error, smtplib.SMTPResponseException)
        else ""
    )
    return f"it refuses the message{code}; see its log"
