"""A message sent by SMTP comes out whole by JSON and on the page, where nothing in it can run."""

from __future__ import annotations

import smtplib
from email.message import EmailMessage
from typing import Any

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
