// A client that does TLS by itself, with Go's crypto/tls: for each ADDRESS NAME it asks for the name, says a line and prints what comes.
package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
)

func main() {
	for i := 1; i+1 < len(os.Args); i += 2 {
		c, err := net.Dial("tcp", os.Args[i])
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		secure := tls.Client(c, &tls.Config{ServerName: os.Args[i+1], InsecureSkipVerify: i > 1, NextProtos: []string{"http/1.1"}})
		if _, err = io.WriteString(secure, "GET /hello HTTP/1.0\r\n\r\n"); err == nil {
			_, err = io.Copy(os.Stdout, secure)
		}
		fmt.Println(err)
		secure.Close()
	}
}
