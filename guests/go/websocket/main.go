// WebSocket with two libraries that know nothing of WASI: `serve ADDRESS` echoes until it is asked for /stop, with gorilla's; `dial URL
// URL` talks to servers that echo, with gorilla's and with nhooyr's, whose messages refer to those before them.
package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/gorilla/websocket"
	nhooyr "nhooyr.io/websocket"
)

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve(address string) {
	listener, err := net.Listen("tcp", address)
	fail(err)
	fmt.Println(listener.Addr())
	upgrader := websocket.Upgrader{EnableCompression: true}
	http.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		c, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer c.Close()
		for {
			kind, message, err := c.ReadMessage()
			if err != nil {
				return
			}
			c.WriteMessage(kind, message)
		}
	})
	http.HandleFunc("/stop", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "bye")
		go func() {
			time.Sleep(100 * time.Millisecond)
			os.Exit(0)
		}()
	})
	fail(http.Serve(listener, nil))
}

func echo(c *websocket.Conn, kind int, message []byte) {
	fail(c.WriteMessage(kind, message))
	_, reply, err := c.ReadMessage()
	fail(err)
	fmt.Println(len(reply), bytes.Equal(reply, message))
}

func dial(url string) {
	dialer := websocket.Dialer{EnableCompression: true, WriteBufferSize: 1024} // longer messages are in several frames
	c, response, err := dialer.Dial(url, nil)
	fail(err)
	fmt.Println(response.Header.Get("Sec-WebSocket-Extensions"))
	echo(c, websocket.TextMessage, []byte("hello, hello, hello"))
	echo(c, websocket.BinaryMessage, []byte{0, 1, 254, 255})
	echo(c, websocket.TextMessage, nil)
	c.EnableWriteCompression(false)
	echo(c, websocket.TextMessage, []byte(strings.Repeat("0123456789abcdef", 200000)))
	c.SetPongHandler(func(data string) error {
		fmt.Println("pong", data)
		return nil
	})
	fail(c.WriteControl(websocket.PingMessage, []byte("are you there"), time.Now().Add(time.Minute)))
	fail(c.WriteMessage(websocket.TextMessage, []byte("bye")))
	_, _, err = c.ReadMessage()
	fmt.Println(err)
	c.Close()
}

func dialWithContext(url string) {
	ctx := context.Background()
	c, response, err := nhooyr.Dial(ctx, url, &nhooyr.DialOptions{CompressionMode: nhooyr.CompressionContextTakeover, CompressionThreshold: 1})
	fail(err)
	fmt.Println(response.Header.Get("Sec-WebSocket-Extensions"))
	for i := 0; i < 3; i++ {
		fail(c.Write(ctx, nhooyr.MessageText, []byte("the same words, the same words")))
		_, reply, err := c.Read(ctx)
		fail(err)
		fmt.Println(string(reply))
	}
	fail(c.Close(nhooyr.StatusNormalClosure, "enough"))
}

func main() {
	if os.Args[1] == "serve" {
		serve(os.Args[2])
		return
	}
	dial(os.Args[2])
	dialWithContext(os.Args[3])
}
