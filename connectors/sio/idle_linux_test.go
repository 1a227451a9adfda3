package sio_test

import (
	"fmt"
	"net"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/sio"
)

// Requests of a client whose bytes are written by hand.
const (
	openSocket = "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
	openPoll   = "GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\n\r\n"
	connect    = "\x81\x82\x00\x00\x00\x0040" // masked, with a mask of zeros
	event      = "\x81\x87\x00\x00\x00\x0042[\"x\"]"
)

// TestIdleClientsHoldLittle measures what a client costs in this layer: its engine and session, what
// the net package holds for it, and its waiting goroutine. Clients are bare file descriptors and cost
// nothing here.
func TestIdleClientsHoldLittle(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector takes memory of its own")
	}
	for name, tt := range map[string]struct {
		come func(t *testing.T, fd int, s <-chan *session)
		most int64
	}{
		"websocket":                {comeByWebSocket, 2000},
		"polling, with a GET held": {comeByPolling, 40 << 10},
	} {
		t.Run(name, func(t *testing.T) {
			const clients = 1000
			r := startOn(t, &sio.Connector{Addr: "127.0.0.1:0"})
			var fds []int
			goroutines := runtime.NumGoroutine()
			join := func() {
				fd := dial(t, r.listener.Addr())
				fds = append(fds, fd)
				tt.come(t, fd, r.sessions)
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
			for _, fd := range fds {
				_ = syscall.Close(fd)
			}
			for runtime.NumGoroutine() > goroutines { // their stacks would count as the next one's
				runtime.Gosched()
			}
			r.listener.Close()
			<-r.listener.(connectors.Lingerer).Gone()
		})
	}
}

func comeByWebSocket(t *testing.T, fd int, sessions <-chan *session) {
	send(t, fd, openSocket)
	until(t, fd, "0{")
	send(t, fd, connect)
	s := <-sessions
	s.say("0")
	until(t, fd, "40")
	send(t, fd, event)
	for s.heard() == "" {
		runtime.Gosched()
	}
}

func comeByPolling(t *testing.T, fd int, sessions <-chan *session) {
	send(t, fd, openPoll)
	_, sid, _ := strings.Cut(until(t, fd, "0{"), `"sid":"`)
	sid, _, _ = strings.Cut(sid, `"`)
	request := func(method, body string) {
		send(t, fd, fmt.Sprintf("%s /socket.io/?EIO=4&transport=polling&sid=%s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", method, sid, len(body), body))
	}
	request("POST", "40")
	until(t, fd, "ok")
	s := <-sessions
	s.say("0")
	request("GET", "")
	until(t, fd, "40")
	request("GET", "")
}

func inUse() (heap, stack int64) {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc), int64(m.StackInuse)
}

func dial(t *testing.T, addr net.Addr) int {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	to := &syscall.SockaddrInet4{Port: addr.(*net.TCPAddr).Port, Addr: [4]byte{127, 0, 0, 1}}
	if err := syscall.Connect(fd, to); err != nil {
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

// until reads until what is wanted has come.
func until(t *testing.T, fd int, want string) (all string) {
	t.Helper()
	var b [4096]byte
	for !strings.Contains(all, want) {
		n, err := syscall.Read(fd, b[:])
		if n <= 0 {
			t.Fatalf("read %q, and then %v, want %q", all, err, want)
		}
		all += string(b[:n])
	}
	return all
}
