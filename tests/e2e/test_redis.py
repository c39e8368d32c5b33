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


def test_which_are_shown_and_what_they_cost(box, program, redis):
    run = box.run(program("go-redis.wasm"), f"127.0.0.1:{redis.port}")
    for options, count in {
        ("--only", "redis"): 1023, ("--only", "HTTP,DNS"): 0, ("--method", "incr"): 1002, ("--method", "GET,config"): 4,
        ("--path", "CONFIG *"): 1, ("--status", "error"): 4, ("--method", "INCR", "--status", "error"): 1, ("--port", redis.port): 1023,
    }.items():
        assert len(box.good("trace", "request", *options, run.id).splitlines()) == count, options
    groups = json.loads(box.good("trace", "request", "--summary", "-o", "json", run.id))["requests"]
    host = f"127.0.0.1:{redis.port}"
    assert {g["request"]: (g["count"], g["errors"]) for g in groups if g["protocol"] == "Redis" and g["host"] == host} == {
        "INCR": (1002, 1), "AUTH": (3, 1), "GET": (3, 0), "SET": (3, 0), "PUBLISH": (2, 0), "message": (2, 0), "CONFIG GET": (1, 0), "EXEC": (1, 1),
        "HELLO": (1, 1), "LPUSH": (1, 0), "LRANGE": (1, 0), "MULTI": (1, 0), "RPUSH": (1, 0), "SUBSCRIBE": (1, 0)}
    assert all(0 < g["p50"] <= g["p95"] <= g["max"] for g in groups if g["request"] in ("INCR", "GET", "SET"))
    large = next(g for g in groups if g["request"] == "GET")
    assert large["bytes"] > 3 << 20
