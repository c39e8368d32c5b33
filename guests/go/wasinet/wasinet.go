//go:build wasip1

// Package wasinet gives Go programs for WASI preview 1 a network, by the socket extension that timecraft and other runtimes have.
//
// A blank import is enough for programs that use net/http as clients:
//
//	import _ "timecraft/wasinet"
//
// http.DefaultTransport and http.DefaultClient then reach the network, https by the TLS of the host, and net.DefaultResolver asks the
// name servers. Others call Dial, Listen and ListenPacket in place of those of package net.
package wasinet

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"strconv"
	"syscall"
	"time"
	"unsafe"
)

func init() {
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: DialContext}
	if transport, ok := http.DefaultTransport.(*http.Transport); ok {
		transport.DialContext = DialContext
		transport.DialTLSContext = DialTLSContext
	}
}

// conn is a connection of package net that knows its addresses.
type conn struct {
	net.Conn
	local, remote net.Addr
}

func (c *conn) LocalAddr() net.Addr  { return c.local }
func (c *conn) RemoteAddr() net.Addr { return c.remote }

func (c *conn) CloseWrite() error {
	raw, err := rawConn(c.Conn)
	if err != nil {
		return err
	}
	return control(raw, func(fd int32) error { return syscall.Shutdown(int(fd), syscall.SHUT_WR) })
}

func rawConn(c any) (syscall.RawConn, error) {
	if s, ok := c.(syscall.Conn); ok {
		return s.SyscallConn()
	}
	return nil, errors.ErrUnsupported
}

func control(raw syscall.RawConn, f func(fd int32) error) error {
	var result error
	if err := raw.Control(func(fd uintptr) { result = f(int32(fd)) }); err != nil {
		return err
	}
	return result
}

func isPacket(network string) bool { return len(network) >= 3 && network[:3] == "udp" }

func makeAddr(network string, ip net.IP, port int) net.Addr {
	if isPacket(network) {
		return &net.UDPAddr{IP: ip, Port: port}
	}
	return &net.TCPAddr{IP: ip, Port: port}
}

func fits(network string, ip net.IP) bool {
	switch network[len(network)-1] {
	case '4':
		return ip.To4() != nil
	case '6':
		return ip.To4() == nil
	}
	return true
}

// resolve makes addresses of "host:port"; no host is every address of this machine.
func resolve(network, hostport string) ([]net.IP, int, error) {
	switch network {
	case "tcp", "tcp4", "tcp6", "udp", "udp4", "udp6":
	default:
		return nil, 0, net.UnknownNetworkError(network)
	}
	host, service, err := net.SplitHostPort(hostport)
	if err != nil {
		return nil, 0, err
	}
	port, err := strconv.ParseUint(service, 10, 16)
	if err != nil {
		named, err := net.LookupPort(network, service)
		if err != nil {
			return nil, 0, err
		}
		port = uint64(named)
	}
	if host == "" {
		if network[len(network)-1] == '6' {
			return []net.IP{net.IPv6zero}, int(port), nil
		}
		return []net.IP{net.IPv4zero}, int(port), nil
	}
	if ip := net.ParseIP(host); ip != nil {
		return []net.IP{ip}, int(port), nil
	}
	found, err := lookup(host)
	if err != nil {
		return nil, 0, err
	}
	var ips []net.IP
	for _, ip := range found {
		if fits(network, ip) {
			ips = append(ips, ip)
		}
	}
	if len(ips) == 0 {
		return nil, 0, &net.DNSError{Err: "no suitable address", Name: host, IsNotFound: true}
	}
	return ips, int(port), nil
}

// Dial connects to "host:port" over tcp, tcp4, tcp6, udp, udp4 or udp6.
func Dial(network, address string) (net.Conn, error) {
	return DialContext(context.Background(), network, address)
}

// DialContext is Dial, given up when the context is done.
func DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	ips, port, err := resolve(network, address)
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: err}
	}
	for _, ip := range ips {
		var c net.Conn
		if c, err = dial(ctx, network, ip, port); err == nil {
			return c, nil
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, &net.OpError{Op: "dial", Net: network, Addr: makeAddr(network, ips[0], port), Err: err}
}

// DialTLSContext connects as DialContext does, and has the host do TLS: what is read and written here is plain.
func DialTLSContext(ctx context.Context, network, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: err}
	}
	c, err := DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	raw, err := rawConn(c.(*conn).Conn)
	if err == nil {
		err = control(raw, func(fd int32) error {
			name := []byte(host)
			return check("sock_setsockopt", sockSetsockopt(fd, levelTLS, nameTLSHostname, unsafe.Pointer(unsafe.SliceData(name)), uint32(len(name))))
		})
	}
	if err != nil {
		c.Close()
		return nil, &net.OpError{Op: "dial", Net: network, Err: err}
	}
	return c, nil
}

// fileConn hands a socket to package net, whose connections wait without blocking others.
func fileConn(fd int32) (net.Conn, error) {
	f := os.NewFile(uintptr(fd), "")
	defer f.Close()
	return net.FileConn(f)
}

func dial(ctx context.Context, network string, ip net.IP, port int) (net.Conn, error) {
	family, ip := family(ip)
	socktype := int32(typeStream)
	if isPacket(network) {
		socktype = typeDatagram
	}
	fd, err := open(family, socktype)
	if err != nil {
		return nil, err
	}
	if socktype == typeDatagram {
		setOption(fd, levelSocket, nameBroadcast, 1)
	}
	errno := withAddress(ip, func(a unsafe.Pointer) uint32 { return sockConnect(fd, a, uint32(port)) })
	if errno != 0 && syscall.Errno(errno) != syscall.EINPROGRESS {
		syscall.Close(int(fd))
		return nil, check("sock_connect", errno)
	}
	c, err := fileConn(fd)
	if err != nil {
		return nil, err
	}
	if errno != 0 {
		if err := await(ctx, c); err != nil {
			c.Close()
			return nil, err
		}
	}
	return withAddresses(network, c)
}

// await waits until the connection is made, or has failed.
func await(ctx context.Context, c net.Conn) error {
	raw, err := rawConn(c)
	if err != nil {
		return err
	}
	if deadline, ok := ctx.Deadline(); ok {
		c.SetDeadline(deadline)
	}
	stop := context.AfterFunc(ctx, func() { c.SetDeadline(time.Unix(1, 0)) })
	waited := false
	err = raw.Write(func(uintptr) bool {
		done := waited
		waited = true
		return done
	})
	if !stop() && ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return err
	}
	c.SetDeadline(time.Time{})
	return control(raw, func(fd int32) error {
		var value uint32
		if errno := sockGetsockopt(fd, levelSocket, nameError, unsafe.Pointer(&value), 4); errno != 0 {
			return check("sock_getsockopt", errno)
		}
		return check("sock_connect", value)
	})
}

func withAddresses(network string, c net.Conn) (net.Conn, error) {
	raw, err := rawConn(c)
	if err != nil {
		return nil, err
	}
	wrapped := &conn{Conn: c}
	err = control(raw, func(fd int32) error {
		ip, port, errno := addressOf(fd, sockGetlocaladdr)
		if errno != 0 {
			return check("sock_getlocaladdr", errno)
		}
		wrapped.local = makeAddr(network, ip, port)
		ip, port, errno = addressOf(fd, sockGetpeeraddr)
		wrapped.remote = makeAddr(network, ip, port)
		return check("sock_getpeeraddr", errno)
	})
	if err != nil {
		c.Close()
		return nil, err
	}
	return wrapped, nil
}

type listener struct {
	net.Listener
	network string
	address net.Addr
}

func (l *listener) Addr() net.Addr { return l.address }

func (l *listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return withAddresses(l.network, c)
}

// bound makes a socket with the address "host:port", which may lack a host.
func bound(network, address string, socktype int32) (fd int32, local net.Addr, err error) {
	ips, port, err := resolve(network, address)
	if err != nil {
		return -1, nil, err
	}
	family, ip := family(ips[0])
	if fd, err = open(family, socktype); err != nil {
		return -1, nil, err
	}
	defer func() {
		if err != nil {
			syscall.Close(int(fd))
		}
	}()
	if socktype == typeStream {
		setOption(fd, levelSocket, nameReuseAddr, 1)
	}
	if err = check("sock_bind", withAddress(ip, func(a unsafe.Pointer) uint32 { return sockBind(fd, a, uint32(port)) })); err != nil {
		return -1, nil, err
	}
	if socktype == typeStream {
		if err = check("sock_listen", sockListen(fd, 128)); err != nil {
			return -1, nil, err
		}
	}
	ip, port, errno := addressOf(fd, sockGetlocaladdr)
	if err = check("sock_getlocaladdr", errno); err != nil {
		return -1, nil, err
	}
	return fd, makeAddr(network, ip, port), nil
}

// Listen accepts connections to "host:port" over tcp, tcp4 or tcp6.
func Listen(network, address string) (net.Listener, error) {
	fd, local, err := bound(network, address, typeStream)
	if err != nil {
		return nil, &net.OpError{Op: "listen", Net: network, Err: err}
	}
	f := os.NewFile(uintptr(fd), "")
	defer f.Close()
	l, err := net.FileListener(f)
	if err != nil {
		return nil, &net.OpError{Op: "listen", Net: network, Err: err}
	}
	return &listener{l, network, local}, nil
}

type packetConn struct {
	net.Conn
	raw   syscall.RawConn
	local net.Addr
}

func (c *packetConn) LocalAddr() net.Addr { return c.local }

func (c *packetConn) ReadFrom(b []byte) (n int, from net.Addr, err error) {
	bytes := new(storage)
	argument := &address{at(unsafe.Pointer(bytes)), uint32(len(bytes))}
	vector := &iovec{at(unsafe.Pointer(unsafe.SliceData(b))), uint32(len(b))}
	var port, received, errno uint32
	var flags uint16
	err = c.raw.Read(func(fd uintptr) bool {
		errno = sockRecvFrom(int32(fd), unsafe.Pointer(vector), 1, unsafe.Pointer(argument), 0, unsafe.Pointer(&port), unsafe.Pointer(&received), unsafe.Pointer(&flags))
		return syscall.Errno(errno) != syscall.EAGAIN
	})
	if err == nil {
		err = check("sock_recv_from", errno)
	}
	if err != nil {
		return 0, nil, &net.OpError{Op: "read", Net: "udp", Addr: c.local, Err: err}
	}
	return int(received), &net.UDPAddr{IP: bytes.ip(), Port: int(port)}, nil
}

func (c *packetConn) WriteTo(b []byte, to net.Addr) (n int, err error) {
	udp, ok := to.(*net.UDPAddr)
	if !ok {
		return 0, &net.OpError{Op: "write", Net: "udp", Addr: to, Err: syscall.EINVAL}
	}
	_, ip := family(udp.IP)
	vector := &iovec{at(unsafe.Pointer(unsafe.SliceData(b))), uint32(len(b))}
	var sent, errno uint32
	err = c.raw.Write(func(fd uintptr) bool {
		errno = withAddress(ip, func(a unsafe.Pointer) uint32 {
			return sockSendTo(int32(fd), unsafe.Pointer(vector), 1, a, uint32(udp.Port), 0, unsafe.Pointer(&sent))
		})
		return syscall.Errno(errno) != syscall.EAGAIN
	})
	if err == nil {
		err = check("sock_send_to", errno)
	}
	if err != nil {
		return 0, &net.OpError{Op: "write", Net: "udp", Addr: to, Err: err}
	}
	return int(sent), nil
}

// ListenPacket receives datagrams at "host:port" over udp, udp4 or udp6.
func ListenPacket(network, address string) (net.PacketConn, error) {
	fd, local, err := bound(network, address, typeDatagram)
	if err != nil {
		return nil, &net.OpError{Op: "listen", Net: network, Err: err}
	}
	c, err := fileConn(fd)
	if err != nil {
		return nil, &net.OpError{Op: "listen", Net: network, Err: err}
	}
	raw, err := rawConn(c)
	if err != nil {
		c.Close()
		return nil, &net.OpError{Op: "listen", Net: network, Err: err}
	}
	return &packetConn{c, raw, local}, nil
}
