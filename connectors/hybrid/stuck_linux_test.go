package hybrid_test

import (
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/hybrid"
)

// The kernel keeps nothing of a stuck client either: no socket without an owner that
// tries to send for a minute what fills its buffer.
func TestTheKernelForgetsAStuckClient(t *testing.T) {
	c := &hybrid.Connector{}
	l := listen(t, c)
	_, server := dialStream(t, l)
	ended := writing(t, server)
	if n := sockets(t, l.Addr()); n != 1 {
		t.Fatalf("%d sockets while the client is there, want 1", n)
	}
	server.Close(connectors.Reason{})
	<-ended
	eventually(t, time.Millisecond, func() bool { return c.Stats().Open == 0 })
	if n := sockets(t, l.Addr()); n != 0 {
		t.Errorf("%d sockets are left", n)
	}
}

// sockets is how many the kernel has at addr, beside the one that listens.
func sockets(t *testing.T, addr net.Addr) (n int) {
	t.Helper()
	b, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		t.Skip(err)
	}
	const listening = "0A"
	local := fmt.Sprintf("0100007F:%04X", addr.(*net.TCPAddr).Port)
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) > 3 && f[1] == local && f[3] != listening {
			n++
		}
	}
	return n
}
