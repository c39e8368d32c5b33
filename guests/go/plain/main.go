// A program that knows nothing of WASI: it serves on the first argument, gets what it serves, and the URLs that follow; and sends itself a
// datagram.
package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
)

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func datagrams() {
	a, err := net.ListenPacket("udp", "127.0.0.1:0")
	fail(err)
	b, err := net.Dial("udp", a.LocalAddr().String())
	fail(err)
	_, err = b.Write([]byte("ping"))
	fail(err)
	buffer := make([]byte, 16)
	n, from, err := a.ReadFrom(buffer)
	fail(err)
	_, err = a.WriteTo([]byte("pong"), from)
	fail(err)
	m, err := b.Read(buffer[n:])
	fail(err)
	fmt.Printf("%s\n", buffer[:n+m])
}

func main() {
	listener, err := net.Listen("tcp", os.Args[1])
	fail(err)
	go http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "Hello, World!\n")
	}))
	datagrams()
	for _, url := range append([]string{"http://" + listener.Addr().String() + "/"}, os.Args[2:]...) {
		response, err := http.Get(url)
		fail(err)
		_, err = io.Copy(os.Stdout, response.Body)
		fail(err)
		response.Body.Close()
	}
}
