// HTTP/2 without TLS, with a library that knows nothing of WASI: `get ADDRESS PATH...` asks for all paths at once over one connection, by
// prior knowledge; a path that begins with + is sent a body, one that begins with - is given up when its response begins. `serve ADDRESS`
// answers, by prior knowledge or an upgrade, until it is asked for /stop.
package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/h2c"
)

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func ask(client *http.Client, address, path string) string {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	method, body := "GET", io.Reader(nil)
	if path[0] == '+' {
		method, body = "POST", strings.NewReader(strings.Repeat("0123456789abcdef", 2000))
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://"+address+strings.TrimLeft(path, "+-"), body)
	fail(err)
	response, err := client.Do(request)
	fail(err)
	if path[0] == '-' {
		return fmt.Sprintln(path, response.Status)
	}
	text, err := io.ReadAll(response.Body)
	fail(err)
	return fmt.Sprintln(path, response.Status, len(text), response.Trailer)
}

func get(address string, paths []string) {
	transport := &http2.Transport{AllowHTTP: true, DialTLS: func(network, address string, _ *tls.Config) (net.Conn, error) {
		return net.Dial(network, address)
	}}
	client := &http.Client{Transport: transport}
	ask(client, address, paths[0]) // the others find its connection
	answers := make([]string, len(paths))
	var all sync.WaitGroup
	for i, path := range paths {
		all.Add(1)
		go func() {
			defer all.Done()
			answers[i] = ask(client, address, path)
		}()
	}
	all.Wait()
	fmt.Print(strings.Join(answers, ""))
	time.Sleep(50 * time.Millisecond) // for what is given up to be sent
}

func serve(address string) {
	listener, err := net.Listen("tcp", address)
	fail(err)
	fmt.Println(listener.Addr())
	http.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", "X-Bytes")
		size, _ := io.Copy(w, r.Body)
		w.Header().Set("X-Bytes", fmt.Sprint(size))
	})
	http.HandleFunc("/stop", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "bye")
		go func() {
			time.Sleep(100 * time.Millisecond)
			os.Exit(0)
		}()
	})
	fail(http.Serve(listener, h2c.NewHandler(http.DefaultServeMux, &http2.Server{})))
}

func main() {
	switch {
	case len(os.Args) > 2 && os.Args[1] == "get":
		get(os.Args[2], os.Args[3:])
	case len(os.Args) == 3 && os.Args[1] == "serve":
		serve(os.Args[2])
	default:
		fmt.Fprintln(os.Stderr, "usage: http2 get ADDRESS PATH... | serve ADDRESS")
		os.Exit(2)
	}
}
