//go:build wasip1

package wasinet

import (
	"encoding/binary"
	"net"
	"os"
	"runtime"
	"syscall"
	"unsafe"
)

// The calls of the socket extension to WASI preview 1, version 2. Pointers are addresses in this module's memory.

//go:wasmimport wasi_snapshot_preview1 sock_open
//go:noescape
func sockOpen(family, socktype int32, fd unsafe.Pointer) uint32

//go:wasmimport wasi_snapshot_preview1 sock_bind
//go:noescape
func sockBind(fd int32, address unsafe.Pointer, port uint32) uint32

//go:wasmimport wasi_snapshot_preview1 sock_listen
//go:noescape
func sockListen(fd, backlog int32) uint32

//go:wasmimport wasi_snapshot_preview1 sock_connect
//go:noescape
func sockConnect(fd int32, address unsafe.Pointer, port uint32) uint32

//go:wasmimport wasi_snapshot_preview1 sock_getsockopt
//go:noescape
func sockGetsockopt(fd int32, level, name uint32, value unsafe.Pointer, size uint32) uint32

//go:wasmimport wasi_snapshot_preview1 sock_setsockopt
//go:noescape
func sockSetsockopt(fd int32, level, name uint32, value unsafe.Pointer, size uint32) uint32

//go:wasmimport wasi_snapshot_preview1 sock_getlocaladdr
//go:noescape
func sockGetlocaladdr(fd int32, address, port unsafe.Pointer) uint32

//go:wasmimport wasi_snapshot_preview1 sock_getpeeraddr
//go:noescape
func sockGetpeeraddr(fd int32, address, port unsafe.Pointer) uint32

//go:wasmimport wasi_snapshot_preview1 sock_send_to
//go:noescape
func sockSendTo(fd int32, iovs unsafe.Pointer, count int32, address unsafe.Pointer, port, flags uint32, sent unsafe.Pointer) uint32

//go:wasmimport wasi_snapshot_preview1 sock_recv_from
//go:noescape
func sockRecvFrom(fd int32, iovs unsafe.Pointer, count int32, address unsafe.Pointer, flags uint32, port, received, roflags unsafe.Pointer) uint32

//go:wasmimport wasi_snapshot_preview1 sock_getaddrinfo
//go:noescape
func sockGetaddrinfo(node unsafe.Pointer, nodeSize uint32, service unsafe.Pointer, serviceSize uint32, hints, results unsafe.Pointer, max uint32, count unsafe.Pointer) uint32

const (
	familyInet4 = 1
	familyInet6 = 2

	typeDatagram = 1
	typeStream   = 2

	levelSocket   = 0
	nameReuseAddr = 0
	nameError     = 2
	nameBroadcast = 4

	levelTLS        = 0x74696d65
	nameTLSHostname = 1
)

// address is a pointer to an address's bytes and their number, as the calls take it.
type address struct {
	bytes uint32
	size  uint32
}

type iovec struct {
	bytes uint32
	size  uint32
}

// storage has room for an address with its family.
type storage [128]byte

func at(pointer unsafe.Pointer) uint32 { return uint32(uintptr(pointer)) }

func check(name string, errno uint32) error {
	if errno == 0 {
		return nil
	}
	return os.NewSyscallError(name, syscall.Errno(errno))
}

// withAddress calls f with the address of ip's bytes, which stay where they are meanwhile.
func withAddress(ip net.IP, f func(unsafe.Pointer) uint32) uint32 {
	bytes := []byte(ip)
	argument := &address{at(unsafe.Pointer(unsafe.SliceData(bytes))), uint32(len(bytes))}
	errno := f(unsafe.Pointer(argument))
	runtime.KeepAlive(bytes)
	runtime.KeepAlive(argument)
	return errno
}

func (s *storage) ip() net.IP {
	switch binary.LittleEndian.Uint16(s[:2]) {
	case familyInet4:
		return append(net.IP(nil), s[2:6]...)
	case familyInet6:
		return append(net.IP(nil), s[2:18]...)
	}
	return nil
}

// addressOf asks one of the two calls that tell a socket's addresses.
func addressOf(fd int32, ask func(fd int32, address, port unsafe.Pointer) uint32) (net.IP, int, uint32) {
	bytes := new(storage)
	argument := &address{at(unsafe.Pointer(bytes)), uint32(len(bytes))}
	var port uint32
	errno := ask(fd, unsafe.Pointer(argument), unsafe.Pointer(&port))
	runtime.KeepAlive(argument)
	return bytes.ip(), int(port), errno
}

func setOption(fd int32, level, name uint32, value int32) uint32 {
	return sockSetsockopt(fd, level, name, unsafe.Pointer(&value), 4)
}

func family(ip net.IP) (int32, net.IP) {
	if four := ip.To4(); four != nil {
		return familyInet4, four
	}
	return familyInet6, ip.To16()
}

// open makes a socket that does not block: Go's scheduler waits for it.
func open(family, socktype int32) (int32, error) {
	var fd int32
	if err := check("sock_open", sockOpen(family, socktype, unsafe.Pointer(&fd))); err != nil {
		return -1, err
	}
	if err := syscall.SetNonblock(int(fd), true); err != nil {
		syscall.Close(int(fd))
		return -1, err
	}
	return fd, nil
}

// addrinfo and sockaddr are what sock_getaddrinfo fills in.
type addrinfo struct {
	flags     uint16
	family    uint8
	socktype  uint8
	protocol  uint32
	addrLen   uint32
	addr      uint32
	canonName uint32
	canonLen  uint32
	next      uint32
}

type sockaddr struct {
	family  uint32
	dataLen uint32
	data    uint32
}

// lookup asks the host for a name's addresses.
func lookup(host string) ([]net.IP, error) {
	const max = 32
	type entry struct {
		info    addrinfo
		address sockaddr
		data    [28]byte
	}
	entries := new([max]entry)
	for i := range entries {
		e := &entries[i]
		e.address = sockaddr{dataLen: 26, data: at(unsafe.Pointer(&e.data))}
		e.info.addr = at(unsafe.Pointer(&e.address))
		if i+1 < max {
			e.info.next = at(unsafe.Pointer(&entries[i+1]))
		}
	}
	hints := &addrinfo{socktype: typeStream}
	first, count := at(unsafe.Pointer(entries)), uint32(0)
	node := append([]byte(host), 0)
	errno := sockGetaddrinfo(unsafe.Pointer(unsafe.SliceData(node)), uint32(len(node)), unsafe.Pointer(unsafe.SliceData(node[len(host):])), 0,
		unsafe.Pointer(hints), unsafe.Pointer(&first), max, unsafe.Pointer(&count))
	runtime.KeepAlive(node)
	runtime.KeepAlive(hints)
	if errno != 0 {
		return nil, &net.DNSError{Err: syscall.Errno(errno).Error(), Name: host, IsNotFound: true}
	}
	var ips []net.IP
	for i := range entries[:min(count, max)] {
		switch e := &entries[i]; e.address.family {
		case familyInet4:
			ips = append(ips, append(net.IP(nil), e.data[2:6]...))
		case familyInet6:
			ips = append(ips, append(net.IP(nil), e.data[2:18]...))
		}
	}
	runtime.KeepAlive(entries)
	return ips, nil
}
