package hybrid_test

import (
	"net"
	"runtime"
	"syscall"
	"testing"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/hybrid"
)

// told is a Sink that tells when something has come.
type told chan struct{}

func (c told) Take(frames []connectors.Frame, err error) bool {
	if err == nil {
		c <- struct{}{}
	}
	return err == nil
}

func (told) Moved() {}

// TestIdleConnectionsHoldLittle measures what a client costs in this layer: its
// Conn, what the net package holds for it, and its place with who waits for it: no goroutine of its own.
// Clients are bare file descriptors and cost nothing here.
func TestIdleConnectionsHoldLittle(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector takes memory of its own")
	}
	const upgrade = "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
	for name, tt := range map[string]struct {
		open, first, again string
		most               int64
	}{
		"TCP":       {"", heartbeat, heartbeat, 900},
		"WebSocket": {upgrade, masked(whole, heartbeat), masked(whole, heartbeat), 900},
	} {
		t.Run(name, func(t *testing.T) {
			const clients = 2000
			l := listen(t, &hybrid.Connector{})
			var fds []int
			var conns []connectors.Conn
			goroutines := runtime.NumGoroutine()
			t.Cleanup(func() {
				for i, c := range conns {
					_ = syscall.Close(fds[i])
					c.Close(connectors.Reason{})
				}
				for runtime.NumGoroutine() > goroutines { // their stacks would count as ours
					runtime.Gosched()
				}
			})
			read := make(chan struct{}, 1)
			join := func() {
				fd := connect(t, l.Addr())
				fds = append(fds, fd)
				if tt.open != "" {
					send(t, fd, tt.open)
				} else {
					send(t, fd, tt.first)
				}
				c, err := l.Accept()
				if err != nil {
					t.Fatal(err)
				}
				conns = append(conns, c)
				c.(connectors.Deliverer).Deliver(told(read))
				if tt.open != "" {
					send(t, fd, tt.first)
				}
				<-read
				send(t, fd, tt.again)
				<-read
			}
			for range 100 { // pools and tables
				join()
			}
			heap, stack := inUse()
			for range clients {
				join()
			}
			h, s := inUse()
			heap, stack = (h-heap)/clients, (s-stack)/clients
			t.Logf("an idle client holds %d bytes: %d heap, %d stack", heap+stack, heap, stack)
			if heap+stack > tt.most {
				t.Errorf("that is over %d", tt.most)
			}
		})
	}
}

func inUse() (heap, stack int64) {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc), int64(m.StackInuse)
}

func connect(t *testing.T, addr net.Addr) int {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	to := &syscall.SockaddrInet4{Port: addr.(*net.TCPAddr).Port, Addr: [4]byte{127, 0, 0, 1}}
	if err := syscall.Connect(fd, to); err != nil {
		t.Fatal(err)
	}
	if err := syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1); err != nil {
		t.Fatal(err)
	}
	return fd
}

func send(t *testing.T, fd int, s string) {
	t.Helper()
	if _, err := syscall.Write(fd, []byte(s)); err != nil {
		t.Fatal(err)
	}
}
