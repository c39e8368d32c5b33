//go:build wasip1

// TLS by the host, for https URLs: the connection stays plain in here.

package http

import (
	"crypto/tls"
	"syscall"
	"unsafe"
)

//go:wasmimport wasi_snapshot_preview1 sock_setsockopt
//go:noescape
func wasiSetsockopt(fd int32, level, name uint32, value unsafe.Pointer, size uint32) uint32

// hostTLS has the host do the TLS of a connection. False: it must be done here, for the configuration asks for what the host does not know.
func hostTLS(c any, config *tls.Config, name string) (done bool, err error) {
	const levelTLS, nameHostname = 0x74696d65, 1
	own := config != nil && (config.RootCAs != nil || config.InsecureSkipVerify || len(config.Certificates) != 0 || config.GetClientCertificate != nil ||
		config.VerifyPeerCertificate != nil || config.VerifyConnection != nil)
	s, ok := c.(syscall.Conn)
	if own || !ok {
		return false, nil
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return false, nil
	}
	if config != nil && config.ServerName != "" {
		name = config.ServerName
	}
	bytes := []byte(name)
	var errno uint32
	err = raw.Control(func(fd uintptr) {
		errno = wasiSetsockopt(int32(fd), levelTLS, nameHostname, unsafe.Pointer(unsafe.SliceData(bytes)), uint32(len(bytes)))
	})
	if err != nil {
		return false, err
	}
	if e := syscall.Errno(errno); e == syscall.EINVAL || e == syscall.ENOPROTOOPT || e == syscall.ENOTSUP {
		return false, nil // a host that does no TLS
	} else if e != 0 {
		return false, e
	}
	return true, nil
}
