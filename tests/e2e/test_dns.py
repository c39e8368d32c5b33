"""DNS as real resolvers and a real server speak it, over datagrams and connections, recorded, replayed and traced."""

import re
import socket

import pytest
from servers import Dnsmasq
from test_network import documents


@pytest.fixture
def dnsmasq(tmp_path):
    server = Dnsmasq(tmp_path)
    yield server
    server.stop()


@pytest.fixture
def silent():
    """The port of somebody who takes questions and never answers."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        yield s.getsockname()[1]


def told(text):
    """Without times and addresses; several answers in order, a long list by how many there are."""
    result = []
    for line in text.splitlines():
        request, answers = re.sub(r"^.*?:\d+ > \S+: ", "", line).split(" => ")
        words = re.sub(r'"\d{60}"', "text", answers)
        if "text" in words:
            words = f"{words.count('text')} texts" + words[-12:] * ("(truncated)" in words)
        result.append(f"{request} => {', '.join(sorted(words.split(', ')))}")
    return result


def test_resolvers_in_go(box, program, dnsmasq, silent):
    run = box.run(program("go-dns.wasm"), f"127.0.0.1:{dnsmasq.port}", f"127.0.0.1:{silent}")
    assert run.code == 0, run.errors
    output = run.text.splitlines()
    assert output[:2] == ["[2001:db8::1 93.184.216.34 93.184.216.35]", "30"]
    assert output[2:4] == ["NOERROR 2 false", "NXDOMAIN 0 false"] and output[5:] == ["NOERROR 30 false", "NOERROR 1 false", "error"]
    replay = box.replay(run.id)
    assert (replay.code, replay.stdout) == (0, run.stdout)
    lines = told(box.good("trace", "request", run.id))
    assert sorted(lines[:2]) == ["A example.test => 93.184.216.34, 93.184.216.35", "AAAA example.test => 2001:db8::1"]
    assert re.fullmatch(r"TXT long.test => \d+ texts \(truncated\)", lines[2]) and lines[3] == "TXT long.test => 30 texts"
    assert lines[4:6] == ["A example.test => 93.184.216.34, 93.184.216.35", "A nowhere.test => NXDOMAIN"]
    assert re.fullmatch(r"TXT long.test => \d+ texts \(truncated\)", lines[6])
    assert lines[7:] == ["TXT long.test => 30 texts", "MX example.test => 10 mail.test",
                         "A lost.test => Response error: no response: the process closed the socket"]
    exchanges = documents(box, "request", run.id)
    assert sorted(exchanges[4]["response"]["message"]["dns.answers"]) == ["93.184.216.34", "93.184.216.35"]
    assert exchanges[5]["request"]["message"]["dns.question.name"] == "nowhere.test" and exchanges[5]["response"]["message"]["failed"]
