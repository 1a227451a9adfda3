package peer

import (
	"context"
	"errors"
	"net"
	"syscall"
	"time"
)

const (
	probeTime  = 500 * time.Millisecond
	wsaRefused = syscall.Errno(10061) // ECONNREFUSED of Windows, which syscall does not translate
)

// dialer makes connections from the host that the node listens on, if that is one.
func (m *Mesh) dialer() *net.Dialer {
	d := &net.Dialer{}
	if ip := net.ParseIP(m.config.Bind); ip != nil && !ip.IsUnspecified() {
		d.LocalAddr = &net.TCPAddr{IP: ip}
	}
	return d
}

// refuses tells whether an address certainly has no process behind it: all that its name stands for refuse
// connections. A probe that is connected says nothing.
func (m *Mesh) refuses(ctx context.Context, address string) bool {
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	all, err := net.DefaultResolver.LookupHost(ctx, host)
	if err != nil || len(all) == 0 {
		return false
	}
	for _, one := range all {
		conn, err := m.dialer().DialContext(ctx, "tcp", net.JoinHostPort(one, port))
		if err == nil {
			_ = conn.Close()
			return false
		}
		if !errors.Is(err, syscall.ECONNREFUSED) && !errors.Is(err, wsaRefused) {
			return false
		}
	}
	return true
}
