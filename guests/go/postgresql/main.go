// A client of PostgreSQL with lib/pq, which knows nothing of WASI: it does everything that the protocol has at the address that is named.
package main

import (
	"database/sql"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/lib/pq"
)

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func must(result sql.Result, err error) {
	fail(err)
	count, _ := result.RowsAffected()
	fmt.Println("affected", count)
}

func show(rows *sql.Rows, err error) {
	fail(err)
	columns, err := rows.Columns()
	fail(err)
	for rows.Next() {
		values := make([]interface{}, len(columns))
		for i := range values {
			values[i] = new(sql.NullString)
		}
		fail(rows.Scan(values...))
		words := make([]string, len(columns))
		for i, value := range values {
			words[i] = value.(*sql.NullString).String
		}
		fmt.Println(strings.Join(words, "|"))
	}
	fail(rows.Err())
}

func copyUsers(db *sql.DB) {
	tx, err := db.Begin()
	fail(err)
	statement, err := tx.Prepare(pq.CopyIn("users", "id", "name"))
	fail(err)
	for i, name := range []string{"Ten", "Eleven\t", "Twelve"} {
		_, err = statement.Exec(10+i, name)
		fail(err)
	}
	_, err = statement.Exec()
	fail(err)
	fail(statement.Close())
	fail(tx.Commit())
}

func listen(source string, db *sql.DB) {
	listener := pq.NewListener(source, time.Second, time.Minute, nil)
	fail(listener.Listen("news"))
	_, err := db.Exec("NOTIFY news, 'all well'")
	fail(err)
	notification := <-listener.Notify
	fmt.Println(notification.Channel, notification.Extra)
	fail(listener.Close())
}

func main() {
	source := "postgres://ada:open%20sesame@" + os.Args[1] + "/postgres?connect_timeout=0&sslmode="
	db, err := sql.Open("postgres", source+"disable")
	fail(err)
	db.SetMaxOpenConns(1)
	must(db.Exec("CREATE TABLE users (id int PRIMARY KEY, name text, joined timestamptz)"))
	must(db.Exec("INSERT INTO users VALUES ($1, $2, $3), (2, 'Grace', NULL)", 1, "Ada", "2024-02-29 12:34:56.789+00"))
	show(db.Query("SELECT name FROM users WHERE id = $1", 1))
	show(db.Query("SELECT id, name FROM users ORDER BY id"))
	show(db.Query("SELECT repeat('x', 100000), g FROM generate_series(1, 3) g"))
	_, err = db.Query("SELECT * FROM nothere")
	fmt.Println("error", err.(*pq.Error).Code)
	copyUsers(db)
	prepared, err := db.Prepare("SELECT name FROM users WHERE id = $1")
	fail(err)
	show(prepared.Query(10))
	show(prepared.Query(12))
	fail(prepared.Close())
	must(db.Exec("ALTER USER ada PASSWORD 'open sesame'"))
	must(db.Exec("DELETE FROM users WHERE id >= 10"))
	listen(source+"disable", db)
	fail(db.Close())
	binary, err := sql.Open("postgres", source+"disable&binary_parameters=yes")
	fail(err)
	show(binary.Query("SELECT $1::text, $2::bytea", "é", []byte{0, 1, 255}))
	fail(binary.Close())
	wrong, err := sql.Open("postgres", strings.Replace(source, "open", "closed", 1)+"require")
	fail(err)
	fmt.Println("error", wrong.Ping())
}
