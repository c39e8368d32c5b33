"""SMTP as a real client and a real server speak it, recorded, replayed and traced."""

import re

import pytest
from oracle import captured, dissected
from servers import Script
from test_network import documents

TAKE = """
import asyncio
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody"):
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"
    async def handle_DATA(self, server, session, envelope):
        return "250 %d bytes" % len(envelope.content)
def check(server, session, envelope, mechanism, data):
    return AuthResult(success=data.password == b"sesame")
Controller(Handler(), hostname="127.0.0.1", port=$PORT, server_hostname="mail.test", ident="test", authenticator=check,
           auth_require_tls=False).start()
asyncio.new_event_loop().run_forever()
"""


@pytest.fixture
def mail():
    server = Script("aiosmtpd", TAKE)
    yield server
    server.stop()


def told(text):
    return [re.sub(r"^\S+ \S+ (\S+) \S+ ([<>]) \S+: ", r"\1 \2 ", line) for line in text.splitlines()]


def test_a_client_in_go(box, program, mail):
    run = box.run(program("go-smtp.wasm"), f"127.0.0.1:{mail.port}")
    assert (run.code, run.text) == (0, "<nil>\n550 5.1.1 no such user\n<nil>\n"), run.errors
    replay = box.replay(run.id)
    assert (replay.code, replay.stdout) == (0, run.stdout)
    hello = ["SMTP < 220 mail.test test",
             "SMTP > EHLO localhost => 250 mail.test, SIZE 33554432, 8BITMIME, SMTPUTF8, AUTH LOGIN PLAIN, HELP"]
    envelope = ['SMTP > MAIL ada@a.test "BODY=8BITMIME" SMTPUTF8 => 250 OK', "SMTP > RCPT bob@b.test => 250 OK"]
    data = "SMTP > DATA => 354 End data with <CR><LF>.<CR><LF>"
    lines = told(box.good("trace", "request", run.id))
    assert lines == [
        *hello, *envelope, data, "SMTP > mail (12026 bytes) => 250 12026 bytes", "SMTP > QUIT => 221 Bye",
        *hello, *envelope, "SMTP > RCPT nobody@b.test => 550 5.1.1 no such user",
        *hello, "SMTP > AUTH PLAIN <hidden> => 235 2.7.0 Authentication successful", *envelope, data,
        "SMTP > mail (25 bytes) => 250 25 bytes", "SMTP > QUIT => 221 Bye"]
    everything = box.good("trace", "request", "-v", run.id) + box.good("trace", "request", "-o", "json", run.id)
    assert "sesame" not in everything and "AGFkYQBzZXNhbWU" not in everything
    assert "AGFkYQBzZXNhbWU" in box.good("trace", "request", "--show-secrets", run.id)
    assert told(box.good("trace", "request", "--status", "error", run.id)) == ["SMTP > RCPT nobody@b.test => 550 5.1.1 no such user"]
    text = next(e for e in documents(box, "request", run.id) if e["request"].get("message", {}).get("smtp.mail.size") == 25)
    assert text["request"]["message"]["fields"][0] == {"name": "mail", "value": "Subject: short\r\n\r\nshort\r\n"}


def test_tshark_says_the_same(box, program, mail, tmp_path):
    run = box.run(program("go-smtp.wasm"), f"127.0.0.1:{mail.port}")
    path = captured(documents(box, "network", run.id, "-v"), tmp_path / "packets")
    rows = dissected(path, ["smtp.req.command", "smtp.response.code"], "-Y", "smtp", "-d", f"tcp.port=={mail.port},smtp")
    exchanges = documents(box, "request", run.id)
    commands = [e["request"]["message"]["smtp.command"] for e in exchanges if "smtp.command" in e["request"].get("message", {})]
    codes = [e["response"]["message"]["smtp.reply.code"] for e in exchanges if "smtp.reply.code" in e["response"].get("message", {})]
    assert [command for row in rows for command in row[0]] == commands
    words = [word for row in rows for word in row[0] + row[1]]
    answers = [word for before, word in zip([None, *words], words) if word.isdigit() and word != before]  # it has one for each line
    assert list(map(int, answers)) == codes
    assert len(commands) == 15 and len(codes) == 20
