// A client of Redis with redigo, which knows nothing of WASI: it does everything that the protocol has to the server that is named first.
package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/gomodule/redigo/redis"
)

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func show(reply interface{}, err error) {
	if err != nil {
		fmt.Println("error", err)
		return
	}
	if bytes, ok := reply.([]byte); ok {
		reply = string(bytes)
		if len(bytes) > 100 {
			reply = len(bytes)
		}
	}
	fmt.Println(reply)
}

func listen(address string, done chan<- error, ready chan<- bool) {
	c, err := redis.Dial("tcp", address, redis.DialPassword("sesame"))
	if err != nil {
		done <- err
		return
	}
	channels := redis.PubSubConn{Conn: c}
	channels.Subscribe("news", "sport")
	for i := 0; i < 4; i++ {
		switch m := channels.Receive().(type) {
		case redis.Message:
			fmt.Println(m.Channel, string(m.Data))
		case redis.Subscription:
			if m.Count == 2 {
				ready <- true
			}
		case error:
			done <- m
			return
		}
	}
	done <- c.Close()
}

func main() {
	_, err := redis.Dial("tcp", os.Args[1], redis.DialUsername("nobody"), redis.DialPassword("wrong sesame"))
	fmt.Println("error", err)
	c, err := redis.Dial("tcp", os.Args[1], redis.DialPassword("sesame"))
	fail(err)
	show(c.Do("SET", "user:1", "Ada", "EX", 60))
	show(c.Do("GET", "user:1"))
	show(c.Do("GET", "nothing"))
	show(c.Do("SET", "text", "two words\n\x00\xff"))
	show(c.Do("SET", "large", strings.Repeat("x", 3<<20)))
	show(c.Do("GET", "large"))
	show(c.Do("INCR", "user:1"))
	show(c.Do("RPUSH", "list", "a", "b", 3))
	show(redis.Strings(c.Do("LRANGE", "list", 0, -1)))
	for i := 0; i < 1000; i++ {
		fail(c.Send("INCR", "n"))
	}
	fail(c.Flush())
	for i := 0; i < 1000; i++ {
		_, err = c.Receive()
		fail(err)
	}
	fail(c.Send("MULTI"))
	fail(c.Send("INCR", "n"))
	fail(c.Send("LPUSH", "n", "x"))
	show(c.Do("EXEC"))
	done, ready := make(chan error), make(chan bool)
	go listen(os.Args[1], done, ready)
	<-ready
	show(c.Do("PUBLISH", "news", "hello world"))
	show(c.Do("PUBLISH", "sport", "1:0"))
	fail(<-done)
	show(c.Do("CONFIG", "GET", "requirepass"))
	fail(c.Send("HELLO", "3"))
	fail(c.Flush())
	fail(c.Close())
}
