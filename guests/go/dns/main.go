// Asks the server of DNS that is named first, with Go's own resolver and with miekg/dns, which know nothing of WASI; the second, where
// nobody is, in vain.
package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"sort"
	"time"

	"github.com/miekg/dns"
)

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func ask(client *dns.Client, server, name string, kind uint16) {
	question := new(dns.Msg)
	question.SetQuestion(name, kind)
	question.SetEdns0(512, false)
	answer, _, err := client.Exchange(question, server)
	if err != nil {
		fmt.Println("error")
		return
	}
	fmt.Println(dns.RcodeToString[answer.Rcode], len(answer.Answer), answer.Truncated)
}

func main() {
	server, silent := os.Args[1], os.Args[2]
	resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		return net.Dial(network, server)
	}}
	addresses, err := resolver.LookupHost(context.Background(), "example.test.")
	fail(err)
	sort.Strings(addresses)
	fmt.Println(addresses)
	texts, err := resolver.LookupTXT(context.Background(), "long.test.")
	fail(err)
	fmt.Println(len(texts))
	udp, tcp := &dns.Client{Timeout: time.Second}, &dns.Client{Net: "tcp"}
	ask(udp, server, "example.test.", dns.TypeA)
	ask(udp, server, "nowhere.test.", dns.TypeA)
	ask(udp, server, "long.test.", dns.TypeTXT)
	ask(tcp, server, "long.test.", dns.TypeTXT)
	ask(tcp, server, "example.test.", dns.TypeMX)
	ask(udp, silent, "lost.test.", dns.TypeA)
}
