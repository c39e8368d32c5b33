"""Redis as a real client and a real server speak it, recorded, replayed and traced."""

import json
import re

import pytest
from servers import Redis
from test_network import documents


@pytest.fixture
def redis():
    server = Redis("sesame")
    yield server
    server.stop()


def told(text):
    """Without times and addresses; long strings shortened."""
    return [re.sub(r"x{30,}", "x", re.sub(r"^.*?:\d+ [<>] \S+: ", "", line)) for line in text.splitlines()]


def test_a_client_in_go(box, program, redis):
    run = box.run(program("go-redis.wasm"), f"127.0.0.1:{redis.port}")
    assert run.code == 0, run.errors
    assert run.text.splitlines()[1:6] == ["OK", "Ada", "<nil>", "OK", "OK"]
    replay = box.replay(run.id)
    assert (replay.code, replay.stdout) == (0, run.stdout)
    lines = told(box.good("trace", "request", run.id))
    size = 3 << 20
    assert lines[:11] == [
        "AUTH nobody <hidden> => WRONGPASS invalid username-password pair or user is disabled.",
        "AUTH <hidden> => OK",
        "SET user:1 Ada EX 60 => OK",
        "GET user:1 => Ada",
        "GET nothing => null",
        r'SET text "two words\n\0\377" => OK',
        f"SET large x...({size} bytes) => OK",
        f"GET large => x...({size} bytes)",
        "INCR user:1 => ERR value is not an integer or out of range",
        "RPUSH list a b 3 => 3",
        'LRANGE list 0 -1 => ["a","b","3"]']
    assert lines[11:1011] == [f"INCR n => {i + 1}" for i in range(1000)]
    assert lines[1011:1015] == ["MULTI => OK", "INCR n => QUEUED", "LPUSH n x => QUEUED",
                                'EXEC => [1001,"WRONGTYPE Operation against a key holding the wrong kind of value"]']
    assert set(lines[1015:]) == {
        "AUTH <hidden> => OK", 'SUBSCRIBE news sport => ["subscribe","news",1] ["subscribe","sport",2]', 'PUBLISH news "hello world" => 1',
        "PUBLISH sport 1:0 => 1", 'message news "hello world"', "message sport 1:0", 'CONFIG GET requirepass => ["requirepass",<hidden>]',
        "HELLO 3 => Response error: no response: the process closed the connection"}
    assert "sesame" not in "".join(lines) + box.good("trace", "request", "-v", run.id)
    assert "AUTH sesame => OK" in told(box.good("trace", "request", "--show-secrets", run.id))


def test_what_a_program_gets(box, program, redis):
    run = box.run(program("go-redis.wasm"), f"127.0.0.1:{redis.port}")
    exchanges = documents(box, "request", run.id)
    get = next(e for e in exchanges if e["request"].get("message", {}).get("db.query.text") == "GET user:1")
    assert {key: get["request"]["message"][key] for key in ("protocol", "db.system.name", "db.operation.name", "db.namespace")} == {
        "protocol": "RESP2", "db.system.name": "redis", "db.operation.name": "GET", "db.namespace": "0"}
    assert get["response"]["message"]["fields"] == [{"name": "bulk string", "value": "Ada"}]
    large = next(e for e in exchanges if e["request"].get("message", {}).get("db.query.text") == "GET large")
    assert large["response"]["message"]["fields"][0]["value"]["size"] == 3 << 20
    text = next(e for e in exchanges if e["request"].get("message", {}).get("db.query.text", "").startswith("SET text"))
    assert text["request"]["message"]["fields"][2]["value"] == {"size": 12, "base64": "dHdvIHdvcmRzCgD/"}
    assert not any("sesame" in json.dumps(e) for e in exchanges)
