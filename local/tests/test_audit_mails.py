"""Mails in the audit: the same Message-ID again is a figure, a second Message-ID a violation."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Final

import httpx2
import pytest

from local.audit.cases import MessageCase
from local.audit.gather import Held, message_cases
from local.audit.invariants.messages import mails_agree
from local.audit.ledgers import Ledger, mails
from local.audit.sources import Sources
from local.audit.target import Target
from local.audit.verdict import Verdict
from local.standins.tests.conftest import Process
from local.tests.audit_books import NOW, RULES

SENT: Final = "01958f5e-6a00-7000-8000-000000000005"


@pytest.fixture
def catcher(tmp_path: Path) -> Iterator[Process]:
    """An empty mail catcher."""
    process = Process("mail", tmp_path, "--smtp", "127.0.0.1:0")
    yield process
    process.kill()


def send(catcher: Process, message_id: str) -> None:
    """One mail over SMTP."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "shop@example.test", "ann@example.test", "Thanks"
    if message_id:
        message["Message-ID"] = message_id
    message.set_content("Your order is confirmed.\n")
    host, _, port = catcher.smtp.rpartition(":")
    with smtplib.SMTP(host, int(port), timeout=10) as client:
        client.send_message(message)


async def verdicts(catcher: Process) -> dict[str, Verdict]:
    """What the audit says of each message in the ledger, when notification has sent one mail, `SENT`."""
    async with httpx2.AsyncClient() as client:
        taken = await mails(Ledger("mail", str(catcher.http.base_url), client))
    known = Held(NOW, messages={"EMAIL": taken})
    sources = Sources(Target(name="test", services=frozenset(), databases={}), {}, {}, None)
    found = {}
    async for case in message_cases(sources, known):
        judged = mails_agree(_as_sent(case) if case.id == SENT else case, RULES)
        assert judged is not None
        found[case.id] = judged
    return found


def _as_sent(case: MessageCase) -> MessageCase:
    return MessageCase(id=case.id, channel="EMAIL", state="SENT", taken=case.taken, repeated=case.repeated)


async def test_a_mail_again_under_its_message_id_is_told_and_breaks_nothing(catcher: Process) -> None:
    for _ in range(3):
        send(catcher, f"<{SENT}@banyan.test>")
    found = await verdicts(catcher)
    assert found == {SENT: Verdict((), {"sent": 1, "taken": 1, "repeated": 2})}


async def test_a_mail_again_under_another_message_id_is_a_violation(catcher: Process) -> None:
    send(catcher, f"<{SENT}@banyan.test>")
    send(catcher, f"<{SENT}@other.test>")
    send(catcher, "<01958f5e-6a00-7000-8000-000000000006@banyan.test>")
    found = await verdicts(catcher)
    told = {violation.id: dict(violation.figures) for each in found.values() for violation in each.violations}
    assert told == {
        SENT: {"sent": 1, "taken": 2},
        "01958f5e-6a00-7000-8000-000000000006": {"sent": 0, "taken": 1},
    }


async def test_mails_without_a_message_id_are_never_the_same(catcher: Process) -> None:
    send(catcher, "")
    send(catcher, "")
    assert sum(len(each.violations) for each in (await verdicts(catcher)).values()) == 2
