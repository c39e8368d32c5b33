"""What the traces print as JSON follows the schemas in docs/, and YAML says the same."""

import json

import pytest
from tree import ROOT

jsonschema = pytest.importorskip("jsonschema")
yaml = pytest.importorskip("yaml")

GOLDEN = ROOT / "tests/unit/golden"
SCHEMA = json.loads((ROOT / "docs/syscall-trace.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def documents(name):
    return [json.loads(line) for line in (GOLDEN / name).read_text().splitlines()]


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("name", ["syscall.json", "syscall-decorated.json", "syscall-summary.json"])
def test_every_document_follows_it(name):
    wrong = [f"{document}: {jsonschema.exceptions.best_match(VALIDATOR.iter_errors(document)).message}"
             for document in documents(name) if not VALIDATOR.is_valid(document)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("change", [
    lambda d: d.pop("record"), lambda d: d.update(time="now"), lambda d: d.update(extra=1), lambda d: d.update(kind="cal"),
    lambda d: d.pop("errno"), lambda d: d.update(outcome="unfinished"), lambda d: d["args"].update(fd=1.5),
    lambda d: d["results"].update(nread=True),
])
def test_other_documents_do_not(change):
    document = next(d for d in documents("syscall.json") if d.get("call") == "fd_read" and "results" in d)
    assert VALIDATOR.is_valid(document)
    change(document)
    assert not VALIDATOR.is_valid(document)


def test_yaml_says_the_same():
    assert list(yaml.safe_load_all((GOLDEN / "syscall.yaml").read_text())) == documents("syscall.json")


NETWORK = jsonschema.Draft202012Validator(json.loads((ROOT / "docs/network-trace.schema.json").read_text()))


@pytest.mark.parametrize("name", ["network.json", "network-traps.json", "network-data.json"])
def test_network_events_follow_theirs(name):
    wrong = [f"{document}: {jsonschema.exceptions.best_match(NETWORK.iter_errors(document)).message}"
             for document in documents(name) if not NETWORK.is_valid(document)]
    assert not wrong, "\n".join(wrong)


def test_network_events_as_yaml_say_the_same():
    jsonschema.Draft202012Validator.check_schema(NETWORK.schema)
    assert list(yaml.safe_load_all((GOLDEN / "network.yaml").read_text())) == documents("network.json")


@pytest.mark.parametrize("change", [
    lambda d: d.pop("fd"), lambda d: d.update(type="SHUT"), lambda d: d.update(error="no"), lambda d: d.update(extra=1), lambda d: d.pop("data"),
])
def test_other_network_events_do_not(change):
    document = next(d for d in documents("network.json") if d["type"] == "SEND" and "error" not in d)
    change(document)
    assert not NETWORK.is_valid(document)


REQUEST = jsonschema.Draft202012Validator(json.loads((ROOT / "docs/request-trace.schema.json").read_text()))


@pytest.mark.parametrize("name", ["request", "http", "http-summary", "postgresql", "mysql", "redis", "redis-summary", "dns", "websocket", "tls",
                                  "smtp"])
def test_exchanges_follow_theirs(name):
    jsonschema.Draft202012Validator.check_schema(REQUEST.schema)
    wrong = [f"{document}: {jsonschema.exceptions.best_match(REQUEST.iter_errors(document)).message}"
             for document in documents(name + ".json") if not REQUEST.is_valid(document)]
    assert not wrong, "\n".join(wrong)
    assert list(yaml.safe_load_all((GOLDEN / (name + ".yaml")).read_text())) == documents(name + ".json")


@pytest.mark.parametrize("change", [
    lambda d: d.pop("link"), lambda d: d.update(time="now"), lambda d: d.update(extra=1), lambda d: d.update(protocol="FTP"),
    lambda d: d["request"].pop("message"), lambda d: d["request"].pop("span"), lambda d: d["request"]["message"].pop("method"),
    lambda d: d["response"]["message"].update(statusCode="200"), lambda d: d["response"]["message"].update(method="GET"),
    lambda d: d["response"]["message"]["header"].update(A="b"), lambda d: d["response"]["message"]["headerList"].append(["A"]),
    lambda d: d["response"]["message"].update(bodyTruncated=0),
])
def test_other_exchanges_do_not(change):
    document = documents("http.json")[0]
    assert REQUEST.is_valid(document)
    change(document)
    assert not REQUEST.is_valid(document)


def test_what_a_decoder_may_tell_follows_it():
    """The protocol is one that a test made up."""
    found = documents("typed.json") + documents("typed-redacted.json")
    for document in found:
        document["protocol"] = "Redis" if document["protocol"].startswith("TALK") else document["protocol"]
    wrong = [f"{document}: {jsonschema.exceptions.best_match(REQUEST.iter_errors(document)).message}"
             for document in found if not REQUEST.is_valid(document)]
    assert not wrong, "\n".join(wrong)
    assert list(yaml.safe_load_all((GOLDEN / "typed.yaml").read_text())) == documents("typed.json")
