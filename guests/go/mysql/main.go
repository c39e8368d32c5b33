// A client of MySQL with the driver that everybody uses, which knows nothing of WASI: it does everything that the protocol has at the address
// that is named.
package main

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"net"
	"os"
	"strings"

	"github.com/go-sql-driver/mysql"
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
	for more := true; more; more = rows.NextResultSet() {
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
	}
	fail(rows.Err())
}

// What is no net.TCPConn is not asked to be kept alive, which WASI cannot do.
func dial(ctx context.Context, address string) (net.Conn, error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", address)
	return struct{ net.Conn }{c}, err
}

func main() {
	mysql.RegisterDialContext("plain", dial)
	source := "ada:open sesame@plain(" + os.Args[1] + ")/shop?multiStatements=true"
	db, err := sql.Open("mysql", source)
	fail(err)
	db.SetMaxOpenConns(1)
	fail(db.Ping())
	must(db.Exec("CREATE TABLE users (id int PRIMARY KEY, name varchar(40), joined datetime(3))"))
	must(db.Exec("INSERT INTO users VALUES (?, ?, ?), (2, 'Grace', NULL)", 1, "Ada", "2024-02-29 12:34:56.789"))
	show(db.Query("SELECT name, joined FROM users WHERE id = ?", 1))
	show(db.Query("SELECT id, name FROM users ORDER BY id"))
	show(db.Query("SELECT REPEAT('x', 100000), id FROM users ORDER BY id"))
	show(db.Query("SELECT 1; SELECT 2, 3"))
	_, err = db.Query("SELECT * FROM nothere")
	fmt.Println("error", err.(*mysql.MySQLError).Number)
	prepared, err := db.Prepare("SELECT ?, ?, ?, ?")
	fail(err)
	show(prepared.Query(-7, 1.5, "a\"b", nil))
	show(prepared.Query(uint64(1)<<63, 0.25, []byte{0, 1, 255}, true))
	show(prepared.Query(strings.Repeat("l", 5000000), 1, 2, 3))
	fail(prepared.Close())
	mysql.RegisterReaderHandler("users", func() io.Reader {
		return strings.NewReader("10\tTen\n11\tEleven\n")
	})
	must(db.Exec("LOAD DATA LOCAL INFILE 'Reader::users' INTO TABLE users (id, name)"))
	must(db.Exec("ALTER USER ada@'127.0.0.1' IDENTIFIED BY 'open sesame'"))
	must(db.Exec("DELETE FROM users WHERE id >= 10"))
	fail(db.Close())
	wrong, err := sql.Open("mysql", strings.Replace(source, "open", "closed", 1))
	fail(err)
	fmt.Println("error", wrong.Ping())
}
