"""aiosmtpd for many small messages: pipelined commands, a message read in pieces instead of line by line."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from typing import Final

from aiosmtpd.smtp import SMTP, Envelope, Session, syntax

from local.standins import _inbox
from local.standins._faults import Faults
from local.standins._ledger import Ledger

MAX_MESSAGE_BYTES: Final = 5 * 1024 * 1024
IDLE_TIMEOUT_S: Final = 60
SLOW_MAILBOX: Final = "slow."
SLOW_S: Final = 1.0
"""Mail to such an address is taken so much later."""
_END: Final = b"\r\n.\r\n"
_LAST_LINE: Final = b".\r\n"
_ATOMS: Final = r"[\w+-]+(?:\.[\w+-]+)*"
_PLAIN_PATH: Final = re.compile(rf"<({_ATOMS}@{_ATOMS})>(.*)", re.ASCII)


class Receiver:
    """aiosmtpd's handler: the answer 250 is sent after the message is in the ledger."""

    def __init__(self, ledger: Ledger, faults: Faults) -> None:
        self._ledger = ledger
        self._faults = faults

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """Says that commands may come together (RFC 2920), which saves two round trips a message."""
        session.host_name = hostname
        return [responses[0], "250-PIPELINING", *responses[1:]]

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """One message."""
        sender, recipients = envelope.mail_from or "", list(envelope.rcpt_tos)
        raw = envelope.original_content or b""
        if any(each.startswith(SLOW_MAILBOX) for each in recipients):
            await asyncio.sleep(SLOW_S)
        refusal = await self._failed()
        if refusal:
            return refusal
        try:
            message_id = await self._ledger.run(lambda conn: _inbox.keep(conn, sender, recipients, raw))
        except sqlite3.Error:
            return "451 4.3.0 the inbox can't be written, try again"
        except RuntimeError:  # the ledger is closed; aiosmtpd would say 500, which means never
            return "421 4.3.2 the server is stopping, try again later"
        return f"250 2.0.0 kept as {message_id}"

    async def _failed(self) -> str:
        """What the fault plan does to this message, before it has had any effect: waiting, a refusal for now, or nothing."""
        plan = self._faults.plan
        await asyncio.sleep(plan.latency_ms / 1000)
        if plan.down:
            return "421 4.3.2 switched off by /_control, try again later"
        if self._faults.take_error():
            return "451 4.3.0 failed by /_control, try again"
        return ""


class Connection(SMTP):
    """One client's connection."""

    line_length_limit = 64 * 1024  # also the most that is read at once

    def __init__(self, receiver: Receiver) -> None:
        super().__init__(
            receiver,
            data_size_limit=MAX_MESSAGE_BYTES,
            enable_SMTPUTF8=True,
            hostname="banyan-mail",
            timeout=IDLE_TIMEOUT_S,
        )
        self._receiver = receiver

    @syntax("DATA")
    async def smtp_DATA(self, arg: str | None) -> None:
        """Takes a message. aiosmtpd's own looks at each line on its own, which is most of what a message costs it."""
        if await self.check_helo_needed():
            return
        session, envelope = self.session, self.envelope
        if session is None or envelope is None or not envelope.rcpt_tos:
            await self.push("503 Error: need RCPT command")
        elif arg:
            await self.push("501 Syntax: DATA")
        else:
            await self.push("354 End data with <CR><LF>.<CR><LF>")
            envelope.original_content = await self._read_message()
            if envelope.original_content is None:
                status = "552 Error: Too much mail data"
            else:
                status = await self._receiver.handle_DATA(self, session, envelope)
            self.envelope = self._create_envelope()
            await self.push(status)

    async def _read_message(self) -> bytes | None:
        """What comes up to the lone dot, without the dots that were doubled for the way; None when it is too large."""
        raw, fits = bytearray(), True
        while not raw.endswith(_END) and raw != _LAST_LINE:
            try:
                raw += await self._reader.readuntil(_LAST_LINE)
            except asyncio.LimitOverrunError as error:
                raw += await self._reader.read(error.consumed)
            if len(raw) > MAX_MESSAGE_BYTES:
                fits = False
                del raw[: -len(_END)]
        if not fits:
            return None
        del raw[-len(_LAST_LINE) :]
        return bytes(raw.removeprefix(b".").replace(b"\r\n.", b"\r\n"))

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        """The address and what follows it; the whole grammar of RFC 5322 is asked only where it is needed."""
        plain = _PLAIN_PATH.fullmatch(arg)
        if plain:
            return plain[1], plain[2]
        found: tuple[str | None, str | None] = super()._getaddr(arg)
        return found
