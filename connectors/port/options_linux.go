package port

import (
	"net"
	"syscall"
)

const tcpUserTimeout = 0x12 // TCP_USER_TIMEOUT, which package syscall lacks

// Go's own choice of when a silent connection is asked whether it lives.
const (
	aliveAfter = 15 // seconds of silence
	aliveEvery = 15 // seconds
	aliveTries = 9
)

// preset is how to listen so that clients' sockets have the options from their beginning: a listening
// socket hands its own on, which saves each client seven calls.
func (o options) preset() net.ListenConfig {
	return net.ListenConfig{KeepAlive: -1, Control: func(network, _ string, raw syscall.RawConn) error {
		if network == "unix" {
			return nil
		}
		return raw.Control(func(fd uintptr) { setAll(fd, append(o.alive(), o.values()...)) })
	}}
}

// missing are the options that a client's socket was not handed on: Multipath TCP, as which Go listens, has
// no user timeout.
func (o options) missing(c *net.TCPConn) (left []value) {
	all := append(o.alive(), o.values()...)
	raw, err := c.SyscallConn()
	if err != nil {
		return all
	}
	err = raw.Control(func(fd uintptr) {
		for _, v := range all {
			if n, err := syscall.GetsockoptInt(int(fd), v.level, v.option); err != nil || n < v.value {
				left = append(left, v) // more than asked for is a send buffer: Linux doubles it
			}
		}
	})
	if err != nil {
		return all
	}
	return left
}

func set(c *net.TCPConn, values []value) {
	if len(values) == 0 {
		return
	}
	if raw, err := c.SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) { setAll(fd, values) })
	}
}

func setAll(fd uintptr, values []value) {
	for _, v := range values {
		_ = syscall.SetsockoptInt(int(fd), v.level, v.option, v.value)
	}
}

// values are the options as the kernel has them. Without a user timeout a vanished client is found
// after 15 minutes.
func (o options) values() (all []value) {
	if o.send > 0 {
		all = append(all, value{syscall.SOL_SOCKET, syscall.SO_SNDBUF, o.send})
	}
	if o.userTimeout > 0 {
		all = append(all, value{syscall.IPPROTO_TCP, tcpUserTimeout, int(o.userTimeout.Milliseconds())})
	}
	return all
}

// alive are those that Go sets for clients otherwise.
func (options) alive() []value {
	return []value{
		{syscall.SOL_SOCKET, syscall.SO_KEEPALIVE, 1},
		{syscall.IPPROTO_TCP, syscall.TCP_KEEPIDLE, aliveAfter},
		{syscall.IPPROTO_TCP, syscall.TCP_KEEPINTVL, aliveEvery},
		{syscall.IPPROTO_TCP, syscall.TCP_KEEPCNT, aliveTries},
	}
}
