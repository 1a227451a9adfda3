package port_test

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/connectors/port"
)

// listening finds the file descriptor that listens at addr.
func listening(t *testing.T, addr net.Addr) int {
	t.Helper()
	for fd := range 1 << 10 {
		on, err := syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_ACCEPTCONN)
		if err != nil || on == 0 {
			continue
		}
		name, err := syscall.Getsockname(fd)
		if err != nil {
			continue
		}
		switch name := name.(type) {
		case *syscall.SockaddrInet4:
			if tcp, ok := addr.(*net.TCPAddr); ok && tcp.Port == name.Port {
				return fd
			}
		case *syscall.SockaddrInet6:
			if tcp, ok := addr.(*net.TCPAddr); ok && tcp.Port == name.Port {
				return fd
			}
		case *syscall.SockaddrUnix:
			if name.Name == addr.String() {
				return fd
			}
		}
	}
	t.Fatalf("nobody listens at %v", addr)
	return 0
}

func shutDown(t *testing.T, addr net.Addr) {
	t.Helper()
	if err := syscall.Shutdown(listening(t, addr), syscall.SHUT_RDWR); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, addr net.Addr) {
	t.Helper()
	if err := os.Remove(addr.String()); err != nil {
		t.Fatal(err)
	}
}

// overwrite makes the file descriptor another file, behind the back of who uses it.
func overwrite(t *testing.T, addr net.Addr) {
	t.Helper()
	f, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := syscall.Dup3(int(f.Fd()), listening(t, addr), syscall.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
}

// A port that is lost is taken again, with its number or path, and told of once.
func TestALostPlaceIsTakenAgain(t *testing.T) {
	for name, tt := range map[string]struct {
		addr string
		lose func(*testing.T, net.Addr)
		most time.Duration // it may have to be noticed first
	}{
		"TCP, shut down":              {"127.0.0.1:0", shutDown, time.Second},
		"all interfaces, shut down":   {":0", shutDown, time.Second},
		"a unix socket, removed":      {"unix:" + filepath.Join(t.TempDir(), "a"), remove, 2 * time.Second},
		"TCP, another file":           {"127.0.0.1:0", overwrite, 2 * time.Second},
		"a unix socket, another file": {"unix:" + filepath.Join(t.TempDir(), "b"), overwrite, 2 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			told := make(chan error, 10)
			p := &port.Port{Addr: tt.addr}
			s, conns := user(t, p, port.Claim{Bytes: []byte{4}, Fail: func(err error) { told <- err }})
			client := dial(t, s, "\x04a")
			living := <-conns
			defer living.Close()
			wantStart(t, living, "\x04a")
			if err := s.Health(); err != nil {
				t.Fatalf("health %v before anything happens", err)
			}

			begin := time.Now()
			tt.lose(t, s.Addr())
			if err := <-told; err == nil || s.Health() == nil {
				t.Errorf("told %v, health %v", err, s.Health())
			}
			eventually(t, func() bool { return s.Health() == nil })
			if d := time.Since(begin); d > tt.most {
				t.Errorf("listening again after %v", d)
			}
			again := dial(t, s, "\x04b")
			c := <-conns
			defer c.Close()
			wantStart(t, c, "\x04b")
			_ = again.Close()

			if _, err := client.Write([]byte("still")); err != nil {
				t.Errorf("a client that was in: %v", err)
			}
			wantStart(t, living, "still")
			if n := len(told); n > 0 {
				t.Errorf("told %d times more", n)
			}
			if n := p.Counts().AcceptErrors; n != 1 {
				t.Errorf("%d accept errors, want 1", n)
			}
		})
	}
}

// Somebody else takes the port meanwhile: it is tried again until they leave.
func TestAPortThatSomebodyElseHasTaken(t *testing.T) {
	told := make(chan error, 10)
	p := &port.Port{Addr: "127.0.0.1:0"}
	s, conns := user(t, p, port.Claim{Bytes: []byte{4}, Fail: func(err error) { told <- err }})
	shutDown(t, s.Addr())
	thief, err := net.Listen("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer thief.Close()
	<-told
	eventually(t, func() bool { return errors.Is(s.Health(), syscall.EADDRINUSE) })
	_ = thief.Close()
	begin := time.Now()
	eventually(t, func() bool { return s.Health() == nil })
	t.Logf("listening again %v after the thief has left", time.Since(begin))
	_ = dial(t, s, "\x04x")
	c := <-conns
	defer c.Close()
	wantStart(t, c, "\x04x")
	if n := len(told); n > 0 {
		t.Errorf("told %d times more", n)
	}
}

// Nothing waits for a port that does not come back.
func TestAPortIsClosedWhileItIsLost(t *testing.T) {
	p := &port.Port{Addr: "127.0.0.1:0"}
	s, err := p.Listen(t.Context(), port.Claim{})
	if err != nil {
		t.Fatal(err)
	}
	shutDown(t, s.Addr())
	thief, err := net.Listen("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer thief.Close()
	eventually(t, func() bool { return errors.Is(s.Health(), syscall.EADDRINUSE) })
	begin := time.Now()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if d := time.Since(begin); d > time.Second {
		t.Errorf("Close took %v", d)
	}
	if err := s.Health(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("health of a port that is closed: %v", err)
	}
}

// eventually asks again and again until it is so.
func eventually(t *testing.T, so func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for end := time.After(patience); !so(); {
		select {
		case <-tick.C:
		case <-end:
			t.Fatal("it never came to be")
		}
	}
}
