package port_test

import (
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/connectors/port"
)

func TestKernelOptions(t *testing.T) {
	p := &port.Port{Addr: "127.0.0.1:0", UserTimeout: 7 * time.Second}
	s, conns := user(t, p, port.Claim{Bytes: []byte{4}})
	_ = dial(t, s, "\x04")
	c := <-conns
	defer c.Close()
	raw, err := port.Socket(c).(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	const userTimeout = 0x12
	for name, tt := range map[string]struct{ level, option, want int }{
		"send buffer, which Linux doubles": {syscall.SOL_SOCKET, syscall.SO_SNDBUF, 64 << 10},
		"no delay":                         {syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1},
		"user timeout in milliseconds":     {syscall.IPPROTO_TCP, userTimeout, 7000},
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
