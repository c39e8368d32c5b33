//go:build wasip1

// The network of package net for WASI preview 1, by the socket extension. It takes the place of the file of this name, whose network is
// only within the program. netFD sends to fakeNetFD what it does on a socket that was made here.

package net

import (
	"context"
	"os"
	"runtime"
	"syscall"
	"time"
	"unsafe"

	"internal/poll"
)

//go:wasmimport wasi_snapshot_preview1 sock_open
//go:noescape
func wasiOpen(family, socktype int32, fd unsafe.Pointer) uint32

//go:wasmimport wasi_snapshot_preview1 sock_bind
//go:noescape
func wasiBind(fd int32, address unsafe.Pointer, port uint32) uint32

//go:wasmimport wasi_snapshot_preview1 sock_listen
//go:noescape
func wasiListen(fd, backlog int32) uint32

//go:wasmimport wasi_snapshot_preview1 sock_connect
//go:noescape
func wasiConnect(fd int32, address unsafe.Pointer, port uint32) uint32

//go:wasmimport wasi_snapshot_preview1 sock_getsockopt
//go:noescape
func wasiGetsockopt(fd int32, level, name uint32, value unsafe.Pointer, size uint32) uint32

//go:wasmimport wasi_snapshot_preview1 sock_setsockopt
//go:noescape
func wasiSetsockopt(fd int32, level, name uint32, value unsafe.Pointer, size uint32) uint32

//go:wasmimport wasi_snapshot_preview1 sock_getlocaladdr
//go:noescape
func wasiGetlocaladdr(fd int32, address, port unsafe.Pointer) uint32

//go:wasmimport wasi_snapshot_preview1 sock_getpeeraddr
//go:noescape
func wasiGetpeeraddr(fd int32, address, port unsafe.Pointer) uint32

//go:wasmimport wasi_snapshot_preview1 sock_send_to
//go:noescape
func wasiSendTo(fd int32, iovs unsafe.Pointer, count int32, address unsafe.Pointer, port, flags uint32, sent unsafe.Pointer) uint32

//go:wasmimport wasi_snapshot_preview1 sock_recv_from
//go:noescape
func wasiRecvFrom(fd int32, iovs unsafe.Pointer, count int32, address unsafe.Pointer, flags uint32, port, received, roflags unsafe.Pointer) uint32

const (
	wasiInet4     = 1
	wasiInet6     = 2
	wasiDatagram  = 1
	wasiStream    = 2
	wasiReuseAddr = 0
	wasiError     = 2
	wasiBroadcast = 4
	wasiSndBuf    = 5
	wasiRcvBuf    = 6
	wasiLinger    = 9
)

// wasiVector is an address or a buffer: where its bytes are, and how many.
type wasiVector struct {
	bytes, size uint32
}

func wasiBytes(b []byte) *wasiVector {
	return &wasiVector{uint32(uintptr(unsafe.Pointer(unsafe.SliceData(b)))), uint32(len(b))}
}

func wasiCheck(name string, errno uint32) error {
	if errno == 0 {
		return nil
	}
	return os.NewSyscallError(name, syscall.Errno(errno))
}

// wasiAddress is the address of a socket, as what calls f takes it.
func wasiAddress(ip IP, f func(unsafe.Pointer) uint32) uint32 {
	argument := wasiBytes(ip)
	errno := f(unsafe.Pointer(argument))
	runtime.KeepAlive(ip)
	runtime.KeepAlive(argument)
	return errno
}

func wasiAsk(fd int32, ask func(fd int32, address, port unsafe.Pointer) uint32) (ip IP, port int, errno uint32) {
	storage := make([]byte, 128)
	argument := wasiBytes(storage)
	var number uint32
	errno = ask(fd, unsafe.Pointer(argument), unsafe.Pointer(&number))
	runtime.KeepAlive(argument)
	return wasiIP(storage), int(number), errno
}

func wasiIP(storage []byte) IP {
	switch storage[0] {
	case wasiInet4:
		return IPv4(storage[2], storage[3], storage[4], storage[5]).To4()
	case wasiInet6:
		return append(IP(nil), storage[2:18]...)
	}
	return nil
}

// fakeNetFD is a socket of the host.
type fakeNetFD struct {
	fd       *netFD
	datagram bool
}

// wasiGiven is nil for a pointer that is.
func wasiGiven(sa sockaddr) sockaddr {
	switch a := sa.(type) {
	case *TCPAddr:
		if a == nil {
			return nil
		}
	case *UDPAddr:
		if a == nil {
			return nil
		}
	}
	return sa
}

func wasiIPPort(sa sockaddr) (ip IP, port int) {
	switch a := sa.(type) {
	case *TCPAddr:
		return a.IP, a.Port
	case *UDPAddr:
		return a.IP, a.Port
	}
	return nil, 0
}

func (f *fakeNetFD) addr(ip IP, port int) Addr {
	if f.datagram {
		return &UDPAddr{IP: ip, Port: port}
	}
	return &TCPAddr{IP: ip, Port: port}
}

// learn asks the host for the socket's addresses.
func (f *fakeNetFD) learn(connected bool) error {
	fd := int32(f.fd.pfd.Sysfd)
	ip, port, errno := wasiAsk(fd, wasiGetlocaladdr)
	if err := wasiCheck("sock_getlocaladdr", errno); err != nil {
		return err
	}
	local, remote := f.addr(ip, port), Addr(nil)
	if connected {
		if ip, port, errno = wasiAsk(fd, wasiGetpeeraddr); errno != 0 {
			return wasiCheck("sock_getpeeraddr", errno)
		}
		remote = f.addr(ip, port)
	}
	f.fd.setAddr(local, remote)
	return nil
}

func wasiNewFD(net string, family, sotype, sysfd int) (*netFD, error) {
	stream := sotype != syscall.SOCK_DGRAM
	fd := &netFD{pfd: poll.FD{Sysfd: sysfd, IsStream: stream, ZeroReadIsEOF: stream}, family: family, sotype: sotype, net: net}
	fd.fakeNetFD = &fakeNetFD{fd, !stream}
	if err := fd.pfd.Init(net, true); err != nil {
		syscall.Close(sysfd)
		return nil, err
	}
	return fd, nil
}

// socket makes a socket that listens at laddr, or is connected to raddr.
func socket(ctx context.Context, net string, family, sotype, proto int, ipv6only bool, laddr, raddr sockaddr, ctrlCtxFn func(context.Context, string, string, syscall.RawConn) error) (*netFD, error) {
	if sotype != syscall.SOCK_STREAM && sotype != syscall.SOCK_DGRAM || family != syscall.AF_INET && family != syscall.AF_INET6 {
		return nil, os.NewSyscallError("socket", syscall.ENOTSUP)
	}
	laddr, raddr = wasiGiven(laddr), wasiGiven(raddr)
	// A host without IPv6 is listened on over IPv4 alone, unless it is IPv6 that is asked for.
	fd, err := wasiSocket(ctx, net, family, sotype, laddr, raddr, ctrlCtxFn)
	if err != nil && raddr == nil && family == syscall.AF_INET6 && !ipv6only && (laddr == nil || laddr.isWildcard()) {
		return wasiSocket(ctx, net, syscall.AF_INET, sotype, laddr, raddr, ctrlCtxFn)
	}
	return fd, err
}

// wasiFamily is the family of a socket for these addresses, each in the form of that family.
func wasiFamily(family int, ips ...*IP) int32 {
	four := family == syscall.AF_INET
	for _, ip := range ips {
		if *ip != nil && !ip.IsUnspecified() {
			four = ip.To4() != nil
		}
	}
	for _, ip := range ips {
		switch {
		case *ip == nil && four:
			*ip = IPv4zero.To4()
		case *ip == nil:
			*ip = IPv6zero
		case four:
			*ip = ip.To4()
		default:
			*ip = ip.To16()
		}
	}
	if four {
		return wasiInet4
	}
	return wasiInet6
}

func wasiSocket(ctx context.Context, net string, family, sotype int, laddr, raddr sockaddr, ctrlCtxFn func(context.Context, string, string, syscall.RawConn) error) (*netFD, error) {
	local, localPort := wasiIPPort(laddr)
	remote, remotePort := wasiIPPort(raddr)
	socktype := int32(wasiStream)
	if sotype == syscall.SOCK_DGRAM {
		socktype = wasiDatagram
	}
	var sysfd int32
	if raddr != nil && remote == nil { // no address is this machine's
		remote = IPv4(127, 0, 0, 1)
	}
	ips := []*IP{&local}
	if raddr != nil {
		ips = append(ips, &remote)
	}
	if err := wasiCheck("sock_open", wasiOpen(wasiFamily(family, ips...), socktype, unsafe.Pointer(&sysfd))); err != nil {
		return nil, err
	}
	if err := syscall.SetNonblock(int(sysfd), true); err != nil {
		syscall.Close(int(sysfd))
		return nil, err
	}
	fd, err := wasiNewFD(net, family, sotype, int(sysfd))
	if err != nil {
		return nil, err
	}
	if ctrlCtxFn != nil {
		address := laddr
		if raddr != nil {
			address = raddr
		}
		if err := ctrlCtxFn(ctx, fd.net, address.String(), newRawConn(fd)); err != nil {
			fd.Close()
			return nil, err
		}
	}
	bind := laddr != nil && (raddr == nil || localPort != 0 || !local.IsUnspecified())
	if err := fd.fakeNetFD.start(ctx, bind, local, localPort, raddr != nil, remote, remotePort); err != nil {
		fd.Close()
		return nil, err
	}
	return fd, nil
}

func (f *fakeNetFD) option(name uint32, value int32) error {
	return wasiCheck("sock_setsockopt", wasiSetsockopt(int32(f.fd.pfd.Sysfd), 0, name, unsafe.Pointer(&value), 4))
}

func (f *fakeNetFD) start(ctx context.Context, bind bool, local IP, localPort int, connect bool, remote IP, remotePort int) error {
	fd := int32(f.fd.pfd.Sysfd)
	if f.datagram {
		f.option(wasiBroadcast, 1)
	} else if !connect {
		f.option(wasiReuseAddr, 1)
	}
	if bind {
		errno := wasiAddress(local, func(a unsafe.Pointer) uint32 { return wasiBind(fd, a, uint32(localPort)) })
		if errno != 0 {
			return wasiCheck("sock_bind", errno)
		}
	}
	if connect {
		if err := f.connect(ctx, remote, remotePort); err != nil {
			return err
		}
		f.fd.isConnected = true
	} else if !f.datagram {
		if err := wasiCheck("sock_listen", wasiListen(fd, int32(listenerBacklog()))); err != nil {
			return err
		}
	}
	return f.learn(connect)
}

func (f *fakeNetFD) connect(ctx context.Context, ip IP, port int) error {
	fd := int32(f.fd.pfd.Sysfd)
	errno := wasiAddress(ip, func(a unsafe.Pointer) uint32 { return wasiConnect(fd, a, uint32(port)) })
	if syscall.Errno(errno) != syscall.EINPROGRESS {
		return wasiCheck("sock_connect", errno)
	}
	if deadline, ok := ctx.Deadline(); ok {
		f.fd.pfd.SetWriteDeadline(deadline)
	}
	stop := context.AfterFunc(ctx, func() { f.fd.pfd.SetWriteDeadline(aLongTimeAgo) })
	err := f.fd.pfd.WaitWrite()
	if !stop() && ctx.Err() != nil {
		return mapErr(ctx.Err())
	}
	if err != nil {
		return err
	}
	f.fd.pfd.SetWriteDeadline(noDeadline)
	var value uint32
	if errno := wasiGetsockopt(fd, 0, wasiError, unsafe.Pointer(&value), 4); errno != 0 {
		return wasiCheck("sock_getsockopt", errno)
	}
	return wasiCheck("sock_connect", value)
}

func (f *fakeNetFD) accept(Addr) (*netFD, error) {
	sysfd, _, name, err := f.fd.pfd.Accept()
	if err != nil {
		if name != "" {
			err = wrapSyscallError(name, err)
		}
		return nil, err
	}
	fd, err := wasiNewFD(f.fd.net, f.fd.family, f.fd.sotype, sysfd)
	if err != nil {
		return nil, err
	}
	fd.isConnected = true
	if err := fd.fakeNetFD.learn(true); err != nil {
		fd.Close()
		return nil, err
	}
	return fd, nil
}

func (f *fakeNetFD) Close() error {
	runtime.SetFinalizer(f.fd, nil)
	return f.fd.pfd.Close()
}

func (f *fakeNetFD) Read(p []byte) (n int, err error) {
	n, err = f.fd.pfd.Read(p)
	runtime.KeepAlive(f.fd)
	return n, wrapSyscallError(readSyscallName, err)
}

func (f *fakeNetFD) Write(p []byte) (n int, err error) {
	n, err = f.fd.pfd.Write(p)
	runtime.KeepAlive(f.fd)
	return n, wrapSyscallError(writeSyscallName, err)
}

func (f *fakeNetFD) SetDeadline(t time.Time) error      { return f.fd.pfd.SetDeadline(t) }
func (f *fakeNetFD) SetReadDeadline(t time.Time) error  { return f.fd.pfd.SetReadDeadline(t) }
func (f *fakeNetFD) SetWriteDeadline(t time.Time) error { return f.fd.pfd.SetWriteDeadline(t) }

func (f *fakeNetFD) closeRead() error {
	return wrapSyscallError("shutdown", f.fd.pfd.Shutdown(syscall.SHUT_RD))
}
func (f *fakeNetFD) closeWrite() error {
	return wrapSyscallError("shutdown", f.fd.pfd.Shutdown(syscall.SHUT_WR))
}

func (f *fakeNetFD) setReadBuffer(bytes int) error  { return f.option(wasiRcvBuf, int32(bytes)) }
func (f *fakeNetFD) setWriteBuffer(bytes int) error { return f.option(wasiSndBuf, int32(bytes)) }

func (f *fakeNetFD) setLinger(sec int) error {
	linger := [2]int32{}
	if sec >= 0 {
		linger = [2]int32{1, int32(sec)}
	}
	return wasiCheck("sock_setsockopt", wasiSetsockopt(int32(f.fd.pfd.Sysfd), 0, wasiLinger, unsafe.Pointer(&linger), 8))
}

func (f *fakeNetFD) dup() (*os.File, error) {
	return nil, os.NewSyscallError("dup", syscall.ENOSYS)
}

func (f *fakeNetFD) receive(p []byte) (n int, ip IP, port int, err error) {
	storage := make([]byte, 128)
	address, vector := wasiBytes(storage), wasiBytes(p)
	var from, received, errno uint32
	var flags uint16
	err = f.fd.pfd.RawRead(func(fd uintptr) bool {
		errno = wasiRecvFrom(int32(fd), unsafe.Pointer(vector), 1, unsafe.Pointer(address), 0, unsafe.Pointer(&from), unsafe.Pointer(&received), unsafe.Pointer(&flags))
		return syscall.Errno(errno) != syscall.EAGAIN
	})
	runtime.KeepAlive(p)
	if err == nil {
		err = wasiCheck("sock_recv_from", errno)
	}
	return int(received), wasiIP(storage), int(from), err
}

func (f *fakeNetFD) send(p []byte, ip IP, port int) (n int, err error) {
	vector := wasiBytes(p)
	var sent, errno uint32
	err = f.fd.pfd.RawWrite(func(fd uintptr) bool {
		errno = wasiAddress(ip, func(a unsafe.Pointer) uint32 {
			return wasiSendTo(int32(fd), unsafe.Pointer(vector), 1, a, uint32(port), 0, unsafe.Pointer(&sent))
		})
		return syscall.Errno(errno) != syscall.EAGAIN
	})
	runtime.KeepAlive(p)
	if err == nil {
		err = wasiCheck("sock_send_to", errno)
	}
	return int(sent), err
}

func wasiInet4Addr(ip IP, port int) (sa syscall.SockaddrInet4) {
	copy(sa.Addr[:], ip.To4())
	sa.Port = port
	return sa
}

func wasiInet6Addr(ip IP, port int) (sa syscall.SockaddrInet6) {
	copy(sa.Addr[:], ip.To16())
	sa.Port = port
	return sa
}

func (f *fakeNetFD) readFrom(p []byte) (n int, sa syscall.Sockaddr, err error) {
	n, ip, port, err := f.receive(p)
	if ip.To4() != nil {
		a := wasiInet4Addr(ip, port)
		return n, &a, err
	}
	a := wasiInet6Addr(ip, port)
	return n, &a, err
}

func (f *fakeNetFD) readFromInet4(p []byte, sa *syscall.SockaddrInet4) (n int, err error) {
	n, ip, port, err := f.receive(p)
	*sa = wasiInet4Addr(ip, port)
	return n, err
}

func (f *fakeNetFD) readFromInet6(p []byte, sa *syscall.SockaddrInet6) (n int, err error) {
	n, ip, port, err := f.receive(p)
	*sa = wasiInet6Addr(ip, port)
	return n, err
}

func (f *fakeNetFD) readMsg(p []byte, oob []byte, flags int) (n, oobn, retflags int, sa syscall.Sockaddr, err error) {
	n, sa, err = f.readFrom(p)
	return n, 0, 0, sa, err
}

func (f *fakeNetFD) readMsgInet4(p []byte, oob []byte, flags int, sa *syscall.SockaddrInet4) (n, oobn, retflags int, err error) {
	n, err = f.readFromInet4(p, sa)
	return n, 0, 0, err
}

func (f *fakeNetFD) readMsgInet6(p []byte, oob []byte, flags int, sa *syscall.SockaddrInet6) (n, oobn, retflags int, err error) {
	n, err = f.readFromInet6(p, sa)
	return n, 0, 0, err
}

func (f *fakeNetFD) writeTo(p []byte, sa syscall.Sockaddr) (n int, err error) {
	switch a := sa.(type) {
	case *syscall.SockaddrInet4:
		return f.writeToInet4(p, a)
	case *syscall.SockaddrInet6:
		return f.writeToInet6(p, a)
	case nil:
		return f.Write(p)
	}
	return 0, os.NewSyscallError("sock_send_to", syscall.EAFNOSUPPORT)
}

func (f *fakeNetFD) writeToInet4(p []byte, sa *syscall.SockaddrInet4) (n int, err error) {
	return f.send(p, IP(sa.Addr[:]), sa.Port)
}

func (f *fakeNetFD) writeToInet6(p []byte, sa *syscall.SockaddrInet6) (n int, err error) {
	return f.send(p, IP(sa.Addr[:]), sa.Port)
}

func (f *fakeNetFD) writeMsg(p []byte, oob []byte, sa syscall.Sockaddr) (n int, oobn int, err error) {
	n, err = f.writeTo(p, sa)
	return n, 0, err
}

func (f *fakeNetFD) writeMsgInet4(p []byte, oob []byte, sa *syscall.SockaddrInet4) (n int, oobn int, err error) {
	n, err = f.writeToInet4(p, sa)
	return n, 0, err
}

func (f *fakeNetFD) writeMsgInet6(p []byte, oob []byte, sa *syscall.SockaddrInet6) (n int, oobn int, err error) {
	n, err = f.writeToInet6(p, sa)
	return n, 0, err
}

// sysSocket is for what asks for a socket by number alone; nobody does here.
func sysSocket(family, sotype, proto int) (int, error) {
	return 0, os.NewSyscallError("sysSocket", syscall.ENOSYS)
}
