"""Guests that are clients of PostgreSQL and MariaDB, by the drivers that everybody uses: what the trace shows is what the server did."""

import base64
import re

import pytest
from oracle import captured, dissected
from servers import MariaDB, PostgreSQL
from test_network import documents

PASSWORD = "open sesame"


@pytest.fixture
def postgresql(tmp_path):
    server = PostgreSQL(tmp_path / "postgresql", PASSWORD)
    yield server
    server.stop()


@pytest.fixture
def mariadb(tmp_path):
    server = MariaDB(tmp_path / "mariadb", PASSWORD)
    yield server
    server.stop()


def told(box, run, *options):
    """Lines without times and addresses."""
    return [re.sub(r"^\S+ \S+ (\S+) \S+ ([<>]) \S+: ", r"\1 \2 ", line) for line in box.good("trace", "request", *options, run).splitlines()]


def check_secrets(box, run):
    for options in ([], ["-v"], ["-o", "json"], ["-o", "yaml"], ["--summary"]):
        text = box.good("trace", "request", *options, run)
        assert "sesame" not in text and base64.b64encode(b"sesame").decode()[:6] not in text, options
    assert "sesame" in box.good("trace", "request", "-v", "--show-secrets", run)


def values(exchanges, side, *names):
    """Of the fields of these names, in all exchanges."""
    return [part["value"] for e in exchanges for part in e[side].get("message", {}).get("fields", []) if part["name"] in names]


POSTGRESQL = """\
StartupMessage user ada database postgres => OK
CREATE TABLE users (id int PRIMARY KEY, name text, joined timestamptz) => CREATE TABLE
Parse INSERT INTO users VALUES ($1, $2, $3), (2, 'Grace', NULL) => OK
INSERT INTO users VALUES ($1, $2, $3), (2, 'Grace', NULL) ["1","Ada","2024-02-29 12:34:56.789+00"] => INSERT 0 2
Parse SELECT name FROM users WHERE id = $1 => OK
SELECT name FROM users WHERE id = $1 ["1"] => SELECT 1
SELECT id, name FROM users ORDER BY id => SELECT 2
SELECT repeat('x', 100000), g FROM generate_series(1, 3) g => SELECT 3
SELECT * FROM nothere => ERROR 42P01 relation "nothere" does not exist
BEGIN READ WRITE => BEGIN
COPY "users" ("id", "name") FROM STDIN => COPY 3
COMMIT => COMMIT
Parse 1 SELECT name FROM users WHERE id = $1 => OK
SELECT name FROM users WHERE id = $1 ["10"] => SELECT 1
SELECT name FROM users WHERE id = $1 ["12"] => SELECT 1
Close 1 SELECT name FROM users WHERE id = $1 => OK
ALTER USER ada PASSWORD <hidden> => ALTER ROLE
DELETE FROM users WHERE id >= 10 => DELETE 3
""".splitlines()


def test_a_client_of_postgresql(box, program, postgresql):
    run = box.run(program("go-postgresql.wasm"), f"127.0.0.1:{postgresql.port}")
    assert run.code == 0, run.errors
    lines = told(box, run.id)
    assert all(line.startswith("PostgreSQL ") for line in lines)
    assert lines[:len(POSTGRESQL)] == ["PostgreSQL > " + line for line in POSTGRESQL], "\n".join(lines)
    rest = lines[len(POSTGRESQL):]
    for line in ('LISTEN "news" => LISTEN', "NOTIFY news, 'all well' => NOTIFY", r'SELECT $1::text, $2::bytea ["é","\0\1\377"] => SELECT 1',
                 "SSLRequest => refused", "Terminate"):
        assert "PostgreSQL > " + line in rest
    assert 'PostgreSQL < NOTIFY news "all well"' in rest
    check_secrets(box, run.id)
    exchanges = documents(box, "request", run.id)
    asked = [e["request"]["message"]["db.query.text"] for e in exchanges if "db.query.text" in e["request"].get("message", {})
             and any(part["name"] in ("Query", "Execute") for part in e["request"]["message"]["fields"])]
    logged = re.findall(r"^LOG:  (?:statement|execute [^:]*): (.*)$", postgresql.log.read_text(), re.M)
    hidden = [statement.replace(f"'{PASSWORD}'", "?") for statement in logged]
    assert sorted(asked) == sorted(hidden)
    [large] = [e for e in exchanges if e["request"].get("message", {}).get("db.query.text", "").startswith("SELECT repeat")]
    rows = [part["value"] for part in large["response"]["message"]["fields"] if part["name"] == "DataRow"]
    assert rows == [["x" * 100_000, str(i)] for i in (1, 2, 3)] and large["response"]["message"]["db.response.returned_rows"] == 3
    assert box.replay("-q", run.id).code == 0


def test_tshark_sees_the_same_of_postgresql(box, program, postgresql, tmp_path):
    run = box.run(program("go-postgresql.wasm"), f"127.0.0.1:{postgresql.port}")
    capture = captured(documents(box, "network", run.id), tmp_path / "packets.pcap")
    names = ("pgsql.query", "pgsql.tag", "pgsql.code", "pgsql.type", "pgsql.statement", "pgsql.col.name")
    rows = dissected(capture, names, "-d", f"tcp.port=={postgresql.port},pgsql", "-Y", "pgsql")
    queries, tags, codes, types, statements, columns = (sorted(value for row in rows for value in row[i]) for i in range(len(names)))
    exchanges = documents(box, "request", "--show-secrets", run.id)
    assert len(queries) > 10 and len(tags) > 10 and codes and columns
    assert sorted(values(exchanges, "request", "Query") + [parse["query"] for parse in values(exchanges, "request", "Parse")]) == queries
    assert sorted(values(exchanges, "response", "CommandComplete")) == tags
    assert sorted(error["code"] for error in values(exchanges, "response", "ErrorResponse")) == codes
    assert sorted(column[0] for row in values(exchanges, "response", "RowDescription") for column in row) == columns
    for ours, theirs in {
        "Query": "Simple query", "Parse": "Parse", "Bind": "Bind", "Execute": "Execute", "Sync": "Sync", "CopyDone": "Copy completion",
        "Terminate": "Termination",
    }.items():
        assert len(values(exchanges, "request", ours)) == types.count(theirs), ours
    for ours, theirs in {
        "DataRow": "Data row", "ReadyForQuery": "Ready for query", "RowDescription": "Row description", "ParseComplete": "Parse completion",
        "BindComplete": "Bind completion", "CloseComplete": "Close completion", "ParameterStatus": "Parameter status",
        "NotificationResponse": "Notification",
    }.items():
        assert len(values(exchanges, "response", ours)) == types.count(theirs), ours


MYSQL = """\
HandshakeResponse user ada database shop => OK
COM_PING => OK
CREATE TABLE users (id int PRIMARY KEY, name varchar(40), joined datetime(3)) => OK
COM_STMT_PREPARE INSERT INTO users VALUES (?, ?, ?), (2, 'Grace', NULL) => OK
INSERT INTO users VALUES (?, ?, ?), (2, 'Grace', NULL) [1,"Ada","2024-02-29 12:34:56.789"] => 2 rows affected
COM_STMT_CLOSE INSERT INTO users VALUES (?, ?, ?), (2, 'Grace', NULL)
COM_STMT_PREPARE SELECT name, joined FROM users WHERE id = ? => OK
SELECT name, joined FROM users WHERE id = ? [1] => 1 row
COM_STMT_CLOSE SELECT name, joined FROM users WHERE id = ?
SELECT id, name FROM users ORDER BY id => 2 rows
SELECT REPEAT('x', 100000), id FROM users ORDER BY id => 2 rows
SELECT 1; SELECT 2, 3 => 1 row, 1 row
SELECT * FROM nothere => ERROR 1146 42S02 Table 'shop.nothere' doesn't exist
COM_STMT_PREPARE SELECT ?, ?, ?, ? => OK
SELECT ?, ?, ?, ? [-7,1.5,"a\\"b",null] => 1 row
SELECT ?, ?, ?, ? [9223372036854775808,0.25,"\\0\\1\\377",1] => 1 row
""".splitlines()


def test_a_client_of_mariadb(box, program, mariadb):
    run = box.run(program("go-mysql.wasm"), f"127.0.0.1:{mariadb.port}")
    assert run.code == 0, run.errors
    lines = told(box, run.id)
    assert lines[:len(MYSQL)] == ["MySQL > " + line for line in MYSQL], "\n".join(line[:200] for line in lines)
    rest = lines[len(MYSQL):]
    end = next(i for i, line in enumerate(rest) if "SEND_LONG_DATA" not in line)
    assert end > 0 and rest[end].startswith('MySQL > SELECT ?, ?, ?, ? ["lll') and rest[end].endswith(" => 1 row")
    assert rest[end + 1:end + 6] == ["MySQL > " + line for line in (
        "COM_STMT_CLOSE SELECT ?, ?, ?, ?", "LOAD DATA LOCAL INFILE 'Reader::users' INTO TABLE users (id, name) => 2 rows affected",
        "ALTER USER ada@'127.0.0.1' IDENTIFIED BY <hidden> => OK", "DELETE FROM users WHERE id >= 10 => 2 rows affected", "COM_QUIT")]
    assert rest[-1].startswith("MySQL > HandshakeResponse user ada database shop => ERROR 1045 28000 Access denied")
    check_secrets(box, run.id)
    logged = mariadb.log.read_text(errors="replace").replace(f"'{PASSWORD}'", "?")
    connection = re.search(r"(\d+) Connect\tada@", logged)[1]
    messages = [e["request"].get("message", {}) for e in documents(box, "request", run.id)]
    for name, word in (("COM_QUERY", "Query"), ("COM_STMT_PREPARE", "Prepare")):
        asked = [message["db.query.text"] for message in messages for part in message["fields"] if part["name"] == name]
        assert asked == re.findall(rf"\s{connection} {word}\t(.*)", logged)
    for name, word in (("COM_STMT_EXECUTE", "Execute"), ("COM_STMT_CLOSE", "Close stmt"), ("COM_STMT_SEND_LONG_DATA", "Long Data")):
        sent = [part for message in messages for part in message["fields"] if part["name"] == name]
        assert len(sent) == len(re.findall(rf"\s{connection} {word}\t", logged)), name
    assert box.replay("-q", run.id).code == 0


def test_tshark_sees_the_same_of_mysql(box, program, mariadb, tmp_path):
    run = box.run(program("go-mysql.wasm"), f"127.0.0.1:{mariadb.port}")
    capture = captured(documents(box, "network", run.id), tmp_path / "packets.pcap")
    names = ("mysql.query", "mysql.error_code", "mysql.command", "mysql.user", "mysql.schema", "mysql.version")
    rows = dissected(capture, names, "-d", f"tcp.port=={mariadb.port},mysql", "-Y", "mysql")
    queries, errors, commands, users, schemas, versions = (sorted(value for row in rows for value in row[i]) for i in range(len(names)))
    exchanges = documents(box, "request", "--show-secrets", run.id)
    assert len(queries) > 10 and errors and len(versions) == 2
    assert sorted(values(exchanges, "request", "COM_QUERY", "COM_STMT_PREPARE")) == queries
    assert sorted(str(error["code"]) for error in values(exchanges, "response", "ERR")) == errors
    logins = values(exchanges, "request", "HandshakeResponse")
    assert ([login["user"] for login in logins], [login["database"] for login in logins]) == (users, schemas)
    assert [greeting["version"] for greeting in values(exchanges, "response", "Handshake")] == versions
    for name, number in {"COM_QUIT": 1, "COM_QUERY": 3, "COM_PING": 14, "COM_STMT_PREPARE": 22, "COM_STMT_EXECUTE": 23, "COM_STMT_CLOSE": 25}.items():
        assert len(values(exchanges, "request", name)) == commands.count(str(number)), name
