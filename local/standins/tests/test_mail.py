"""A message sent by SMTP comes out whole by JSON and on the page, where nothing in it can run."""

from __future__ import annotations

import asyncio
import smtplib
import socket
from concurrent.futures import ThreadPoolExecutor
from email.message import EmailMessage
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from local.standins import _inbox
from local.standins._faults import Faults
from local.standins._ledger import Ledger
from local.standins._smtp import Connection, Receiver

from .conftest import Process, Start


def send(mail: Process, message: EmailMessage) -> None:
    """Over SMTP, as the shop does it."""
    host, _, port = mail.smtp.rpartition(":")
    with smtplib.SMTP(host, int(port), timeout=10) as client:
        client.send_message(message)


def letter(
    to: str = "ann@example.test", subject: str = "Grüße", text: str = "Hallo ✓\n", html: str = ""
) -> EmailMessage:
    """A message with a text part and, if given, an HTML part."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "shop@example.test", to, subject
    message["Message-ID"] = "<m1@example.test>"
    message["X-Banyan-Event"] = "e1"
    message.set_content(text)
    if html:
        message.add_alternative(html, subtype="html")
    return message


def inbox(mail: Process, **query: Any) -> list[dict[str, Any]]:
    """GET /api/messages."""
    found: list[dict[str, Any]] = (
        mail.http.get("/api/messages", params=query).raise_for_status().json()["messages"]
    )
    return found


def test_round_trip_keeps_both_parts_and_headers(mail: Process) -> None:
    send(mail, letter(html="<p>Hallo ✓</p>"))
    [message] = inbox(mail)
    assert message["from"] == "shop@example.test"
    assert message["to"] == ["ann@example.test"]
    assert message["subject"] == "Grüße"
    assert message["text"].strip() == "Hallo ✓"
    assert message["html"].strip() == "<p>Hallo ✓</p>"
    assert message["message_id"] == "<m1@example.test>"
    assert message["headers"]["X-Banyan-Event"] == "e1"
    assert mail.http.get(f"/api/messages/{message['id']}").json() == message
    assert "Hallo" not in mail.http.get("/api/messages/none").text


def test_filter_finds_one_recipient_in_any_case_and_pages(mail: Process) -> None:
    for n in range(3):
        send(mail, letter(to="Ann@Example.test, bob@example.test", subject=f"s{n}"))
    send(mail, letter(to="bob@example.test", subject="s3"))
    assert [m["subject"] for m in inbox(mail, to="ann@example.TEST")] == ["s0", "s1", "s2"]
    assert [m["subject"] for m in inbox(mail, to="bob@example.test")] == ["s0", "s1", "s2", "s3"]
    first = mail.http.get("/api/messages", params={"to": "bob@example.test", "limit": 3}).json()
    rest = inbox(mail, to="bob@example.test", after=first["next_after"])
    assert [m["subject"] for m in rest] == ["s3"]


def test_page_escapes_everything_and_frames_html_without_rights(mail: Process) -> None:
    attack = '<script>alert("x")</script>'
    send(mail, letter(subject=attack, text=attack, html=f"<p>shown</p>{attack}"))
    [message] = inbox(mail)
    for path in ("/", f"/messages/{message['id']}"):
        shown = mail.http.get(path).raise_for_status()
        assert "<script" not in shown.text
        assert "&lt;script&gt;" in shown.text
        assert "default-src 'none'" in shown.headers["content-security-policy"]
    assert (
        '<iframe sandbox="" srcdoc="&lt;p&gt;shown&lt;/p&gt;'
        in mail.http.get(f"/messages/{message['id']}").text
    )
    source = mail.http.get(f"/messages/{message['id']}/source")
    assert source.headers["content-type"].startswith("text/plain")


def test_unknown_charset_is_kept(mail: Process) -> None:
    host, _, port = mail.smtp.rpartition(":")
    raw = b"Subject: odd\r\nContent-Type: text/plain; charset=no-such\r\n\r\nbody\r\n"
    with smtplib.SMTP(host, int(port), timeout=10) as client:
        client.sendmail("a@example.test", ["b@example.test"], raw)
    [message] = inbox(mail)
    assert message["text"].strip() == "body"


def test_messages_survive_a_kill_and_can_be_cleared(start: Start) -> None:
    mail = start("mail", "--smtp", "127.0.0.1:0")
    send(mail, letter())
    mail.kill()
    mail = start("mail", "--smtp", "127.0.0.1:0")
    assert len(inbox(mail)) == 1
    assert mail.http.delete("/api/messages").json() == {"deleted": 1}
    assert inbox(mail) == []
    assert inbox(mail, to="ann@example.test") == []
    assert mail.stop() == 0


def converse(mail: Process, *lines: bytes) -> list[bytes]:
    """Sends all lines at once after the greeting, as pipelining allows; returns the answers up to the end."""
    host, _, port = mail.smtp.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=10) as client, client.makefile("rb") as answers:
        client.sendall(b"\r\n".join((*lines, b"QUIT", b"")))
        return [line.rstrip() for line in answers]


def test_commands_that_come_together_are_answered_in_order(mail: Process) -> None:
    envelope = (b"MAIL FROM:<shop@example.test>", b"RCPT TO:<ann@example.test>", b"DATA")
    answers = converse(
        mail,
        b"EHLO test",
        *(*envelope, b"Subject: one\r\n\r\nfirst.\r\n..\r\n..dot\r\n."),
        *(*envelope, b"Subject: two\r\n\r\nsecond\r\n."),
    )
    assert b"250-PIPELINING" in answers
    codes = [line[:3] for line in answers if line[3:4] == b" "]
    assert codes == [b"220", b"250", *([b"250", b"250", b"354", b"250"] * 2), b"221"]
    one, two = inbox(mail)
    assert [one["subject"], two["subject"]] == ["one", "two"]
    assert one["text"] == "first.\r\n.\r\n.dot\r\n"
    assert two["text"] == "second\r\n"


@pytest.mark.parametrize(
    ("plan", "answers"),
    [({"error_rate": 0.5}, [b"250", b"451", b"250", b"451"]), ({"down": True}, [b"421"] * 4)],
)
def test_control_makes_it_refuse_messages_for_now_without_effect_and_heals(
    mail: Process, plan: dict[str, Any], answers: list[bytes]
) -> None:
    envelope = (b"MAIL FROM:<a@example.test>", b"RCPT TO:<b@example.test>", b"DATA")

    def said() -> list[bytes]:
        replies = converse(mail, b"EHLO t", *((*envelope, b"Subject: s\r\n\r\nx\r\n.") * 4))
        return [line[:3] for line in replies if line[3:4] == b" "][5:-1:4]

    mail.http.post("/_control", json=plan).raise_for_status()
    assert said() == answers
    assert len(inbox(mail)) == answers.count(b"250")
    mail.http.post("/_control", json={}).raise_for_status()
    assert said() == [b"250"] * 4
    assert len(inbox(mail)) == answers.count(b"250") + 4


def test_a_slow_server_keeps_nothing_for_a_sender_that_has_given_up(mail: Process) -> None:
    mail.http.post("/_control", json={"latency_ms": 600}).raise_for_status()
    began = monotonic()
    send(mail, letter())
    assert monotonic() - began >= 0.6
    host, _, port = mail.smtp.rpartition(":")
    with pytest.raises(smtplib.SMTPServerDisconnected), smtplib.SMTP(host, int(port), timeout=0.2) as client:
        client.send_message(letter())
    send(mail, letter(subject="third"))  # as slow: by its end the second one would have been kept
    assert [each["subject"] for each in inbox(mail)] == ["Grüße", "third"]


@pytest.mark.parametrize("body", [b".", b"no header\r\n.", b"\r\n."])
def test_the_smallest_messages_end_at_their_dot(mail: Process, body: bytes) -> None:
    answers = converse(
        mail, b"EHLO t", b"MAIL FROM:<a@example.test>", b"RCPT TO:<b@example.test>", b"DATA", body
    )
    assert [line[:3] for line in answers[-3:]] == [b"354", b"250", b"221"]
    [message] = inbox(mail)
    source = mail.http.get(f"/messages/{message['id']}/source").content
    assert source == body.removesuffix(b".")


def test_a_message_that_is_too_large_is_refused_and_the_next_one_taken(mail: Process) -> None:
    envelope = (b"MAIL FROM:<a@example.test>", b"RCPT TO:<b@example.test>", b"DATA")
    large = b"x" * 998 + b"\r\n"
    answers = converse(mail, b"EHLO t", *envelope, large * 6000 + b".", *envelope, b"Subject: small\r\n\r\n.")
    codes = [line[:3] for line in answers if line[3:4] == b" "]
    assert codes[2:] == [b"250", b"250", b"354", b"552", b"250", b"250", b"354", b"250", b"221"]
    assert [message["subject"] for message in inbox(mail)] == ["small"]


@pytest.mark.parametrize(
    "address", ["ann+tag@mail.example.test", '"odd one"@example.test', "ann@[127.0.0.1]"]
)
def test_addresses_of_every_form_are_taken(mail: Process, address: str) -> None:
    answers = converse(
        mail,
        b"EHLO t",
        b"MAIL FROM:<a@example.test> SIZE=5 BODY=8BITMIME",
        b"RCPT TO:<%b>" % address.encode(),
        b"DATA",
        b".",
    )
    assert [line[:3] for line in answers[-3:]] == [b"354", b"250", b"221"]
    assert inbox(mail)[0]["to"] == [address]


@pytest.mark.parametrize("command", [b"MAIL FROM:<ann@>", b"DATA"])
def test_what_is_out_of_form_or_order_is_refused(mail: Process, command: bytes) -> None:
    answers = converse(mail, b"EHLO t", command)
    assert answers[-2][:1] == b"5"
    assert inbox(mail) == []


async def test_a_message_that_comes_while_the_server_stops_is_to_be_sent_again(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "mail.sqlite3", _inbox.RECIPIENTS)
    await ledger.open()
    await ledger.close()
    loop = asyncio.get_running_loop()
    receiver = Receiver(ledger, Faults())
    async with await loop.create_server(lambda: Connection(receiver), "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]

        def refused() -> int:
            with (
                smtplib.SMTP("127.0.0.1", port, timeout=10) as client,
                pytest.raises(smtplib.SMTPDataError) as raised,
            ):
                client.send_message(letter())
            return int(raised.value.smtp_code)

        assert await asyncio.to_thread(refused) == 421


def test_ledger_tells_which_messages_came_and_nothing_of_what_they_say(mail: Process) -> None:
    for number in range(3):
        send(mail, letter(subject=f"s{number}"))
    ids = [message["message_id"] for message in inbox(mail)]
    page = mail.http.get("/v1/ledger", params={"limit": 2}).json()
    rest = mail.http.get("/v1/ledger", params={"after": page["next_after"]}).json()
    assert [each["message_id"] for each in page["messages"] + rest["messages"]] == ids
    assert set(page["messages"][0]) == {"id", "message_id", "received_at"}
    assert (page["totals"], rest["next_after"]) == ({"messages": 3, "removed": 0}, None)
    mail.http.delete("/api/messages")
    send(mail, letter())
    assert mail.http.get("/v1/ledger").json()["totals"] == {"messages": 1, "removed": 3}


def test_a_slow_mailbox_delays_its_own_mail_only(mail: Process) -> None:
    with ThreadPoolExecutor(2) as pool:
        began = monotonic()
        slow = pool.submit(send, mail, letter(to="slow.ann@example.test"))
        send(mail, letter(to="bob@example.test"))
        near_s = monotonic() - began
        slow.result()
    assert monotonic() - began >= 1.0 > near_s
    assert [message["to"] for message in inbox(mail)] == [["bob@example.test"], ["slow.ann@example.test"]]
