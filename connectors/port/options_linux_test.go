package port_test

import (
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/connectors/port"
)

func TestKernelOptions(t *testing.T) {
	given, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	for name, p := range map[string]*port.Port{
		"a place of the port's": {Addr: "127.0.0.1:0", UserTimeout: 7 * time.Second},
		"a given listener":      {Listener: given, UserTimeout: 7 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			s, conns := user(t, p, port.Claim{Bytes: []byte{4}})
			for range 2 { // of the first it is learned what is to be set
				_ = dial(t, s, "\x04")
				c := <-conns
				defer c.Close()
				checkOptions(t, c)
			}
		})
	}
}

func checkOptions(t *testing.T, c net.Conn) {
	t.Helper()
	raw, err := port.Socket(c).(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	const userTimeout = 0x12
	for name, tt := range map[string]struct{ level, option, want int }{
		"send buffer, which Linux doubles": {syscall.SOL_SOCKET, syscall.SO_SNDBUF, 64 << 10},
		"no delay":                         {syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1},
		"user timeout in milliseconds":     {syscall.IPPROTO_TCP, userTimeout, 7000},
		"keep alive":                       {syscall.SOL_SOCKET, syscall.SO_KEEPALIVE, 1},
		"keep alive after seconds":         {syscall.IPPROTO_TCP, syscall.TCP_KEEPIDLE, 15},
	} {
		var got int
		if e := raw.Control(func(fd uintptr) { got, err = syscall.GetsockoptInt(int(fd), tt.level, tt.option) }); e != nil || err != nil {
			t.Fatal(e, err)
		}
		if got != tt.want {
			t.Errorf("%s = %d, want %d", name, got, tt.want)
		}
	}
}
