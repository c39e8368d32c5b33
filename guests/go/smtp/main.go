// Mails with Go's own net/smtp, which knows nothing of WASI: to the server that is named first: one, one that is
// refused, and one after it has logged in.
package main

import (
	"fmt"
	"net/smtp"
	"os"
	"strings"
)

func main() {
	address := os.Args[1]
	body := "Subject: hello\r\n\r\n.a dot\r\n" + strings.Repeat("more of it\r\n", 1000)
	fmt.Println(smtp.SendMail(address, nil, "ada@a.test", []string{"bob@b.test"}, []byte(body)))
	fmt.Println(smtp.SendMail(address, nil, "ada@a.test", []string{"bob@b.test", "nobody@b.test"}, []byte(body)))
	auth := smtp.PlainAuth("", "ada", "sesame", strings.Split(address, ":")[0])
	fmt.Println(smtp.SendMail(address, auth, "ada@a.test", []string{"bob@b.test"}, []byte("Subject: short\r\n\r\nshort\r\n")))
}
