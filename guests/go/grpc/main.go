// A client of gRPC with a library that knows nothing of WASI: grpc ADDRESS calls helloworld.Greeter, with messages of one string.
package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"strings"

	"github.com/golang/protobuf/ptypes/wrappers"
	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding/gzip"
)

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func call(connection *grpc.ClientConn, method, text string, options ...grpc.CallOption) {
	reply := new(wrappers.StringValue)
	err := connection.Invoke(context.Background(), "/helloworld.Greeter/"+method, &wrappers.StringValue{Value: text}, reply, options...)
	if len(reply.Value) > 40 {
		reply.Value = fmt.Sprint(len(reply.Value))
	}
	fmt.Println(method, reply.Value, err)
}

func chat(connection *grpc.ClientConn, words ...string) {
	stream, err := connection.NewStream(context.Background(), &grpc.StreamDesc{ServerStreams: true, ClientStreams: true},
		"/helloworld.Greeter/Chat")
	fail(err)
	for _, word := range words {
		fail(stream.SendMsg(&wrappers.StringValue{Value: word}))
	}
	fail(stream.CloseSend())
	for {
		reply := new(wrappers.StringValue)
		if err := stream.RecvMsg(reply); err == io.EOF {
			return
		} else {
			fail(err)
		}
		fmt.Println("Chat", reply.Value)
	}
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: grpc ADDRESS")
		os.Exit(2)
	}
	connection, err := grpc.Dial("passthrough:///"+os.Args[1], grpc.WithInsecure(),
		grpc.WithContextDialer(func(ctx context.Context, address string) (net.Conn, error) { return net.Dial("tcp", address) }))
	fail(err)
	call(connection, "SayHello", "Ada")
	call(connection, "SayHello", strings.Repeat("again and ", 1000), grpc.UseCompressor(gzip.Name))
	call(connection, "Refuse", "Eve")
	call(connection, "Nothing", "")
	chat(connection, "one", "two", "three")
	fail(connection.Close())
}
