//go:build linux

package stress_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/messages"
)

// kinds are the kinds of actors there are in the tree, as parts of their names.
var kinds = map[string]string{
	"socket": "/socket/", "listener": "/listener/", "batcher": "/batcher/",
	"route": "/route/", "shard": "/sockets/", "connector": "/connector/",
}

// kill stops an actor of that kind, any, from outside, and returns how many it found: 1 or 0.
func (s *server) kill(kind string) int {
	pid := s.anySocket()
	if kind != kinds["socket"] {
		pid = s.anyActor(kind)
	}
	if pid == nil || !s.witness.kills(pid.Id) {
		return 0
	}
	s.system.Root.Stop(pid)
	return 1
}

// anySocket is the socket of one of the first clients that the server happens to name.
func (s *server) anySocket() (pid *actor.PID) {
	left := rand.N(64)
	s.fl.Sockets(func(m *messages.Session) bool {
		pid = m.GetSocket()
		left--
		return left >= 0
	})
	return pid
}

// anyActor is any actor of the tree whose last step down has the kind in it.
func (s *server) anyActor(kind string) *actor.PID {
	var found []string
	for _, m := range s.system.ProcessRegistry.LocalPIDs.LocalPIDs {
		m.IterCb(func(name string, _ any) {
			if i := strings.LastIndex(name, kind); i >= 0 && strings.HasPrefix(name, "fairlead-") && isLast(name[i+len(kind):], kind) {
				found = append(found, name)
			}
		})
	}
	if len(found) == 0 {
		return nil
	}
	return actor.NewPID(s.system.Address(), found[rand.N(len(found))])
}

// isLast tells whether no other actor's name follows; a route's own has one slash more.
func isLast(rest, kind string) bool {
	most := 0
	if kind == kinds["route"] {
		most = 1
	}
	return strings.Count(rest, "/") <= most
}

// kickTime is how long a kick may take to be counted at all.
const kickTime = 5 * time.Second

// kick kicks clients one after the other, by their addresses: how long until the server said it
// was done, and how long until the descriptor was closed.
func (s *server) kick(addrs []string) (took, closed []time.Duration, err error) {
	sockets := map[string]*actor.PID{}
	s.fl.Sockets(func(m *messages.Session) bool {
		sockets[m.RemoteAddr] = m.GetSocket()
		return true
	})
	open := openSockets()
	for _, addr := range addrs {
		pid, fd := sockets[addr], open[addr]
		if pid == nil || fd == nil {
			return took, closed, fmt.Errorf("no client %s", addr)
		}
		begin := time.Now()
		future := s.system.Root.RequestFuture(pid, &messages.Kick{Reason: "kicked"}, kickTime)
		shut := make(chan time.Duration, 1)
		go func() { shut <- fd.closed(begin) }()
		_, err := future.Result()
		if err != nil {
			return took, closed, fmt.Errorf("kick of %s: %w", addr, err)
		}
		took = append(took, time.Since(begin))
		closed = append(closed, <-shut)
	}
	return took, closed, nil
}

// descriptor is an open socket's.
type descriptor struct {
	fd    int
	inode uint64
}

// openSockets are the process's TCP connections by the address of their other end.
func openSockets() map[string]*descriptor {
	open := map[string]*descriptor{}
	list, _ := os.ReadDir("/proc/self/fd")
	for _, entry := range list {
		var fd int
		if _, err := fmt.Sscan(entry.Name(), &fd); err != nil {
			continue
		}
		if peer, ok := peerOf(fd); ok {
			open[peer] = &descriptor{fd, inodeOf(fd)}
		}
	}
	return open
}

func peerOf(fd int) (string, bool) {
	peer, err := syscall.Getpeername(fd)
	in4, ok := peer.(*syscall.SockaddrInet4)
	if err != nil || !ok {
		return "", false
	}
	a := in4.Addr
	return fmt.Sprintf("%d.%d.%d.%d:%d", a[0], a[1], a[2], a[3], in4.Port), true
}

func inodeOf(fd int) uint64 {
	var st syscall.Stat_t
	if syscall.Fstat(fd, &st) != nil {
		return 0
	}
	return st.Ino
}

// closed waits until the descriptor is closed, or somebody else's by now.
func (d *descriptor) closed(since time.Time) time.Duration {
	for inodeOf(d.fd) == d.inode && time.Since(since) < kickTime {
		pause(200 * time.Microsecond)
	}
	return time.Since(since)
}

// eat leaves the process n descriptors, and then none: it opens files until it cannot.
func (s *server) eat(n int) (int, error) {
	limit := syscall.Rlimit{Cur: uint64(descriptors() + n), Max: hardLimit()}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0, err
	}
	for {
		f, err := os.Open(os.DevNull)
		if errors.Is(err, syscall.EMFILE) {
			return len(s.eaten), nil
		}
		if err != nil {
			return 0, err
		}
		s.eaten = append(s.eaten, f)
	}
}

func (s *server) relieve() error {
	for _, f := range s.eaten {
		_ = f.Close()
	}
	s.eaten = nil
	limit := syscall.Rlimit{Cur: hardLimit(), Max: hardLimit()}
	return syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
}

func hardLimit() uint64 {
	var limit syscall.Rlimit
	_ = syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit)
	return limit.Max
}

// deafen breaks the descriptor that the server listens on.
func (s *server) deafen() error {
	for fd := range 1 << 10 {
		if yes, err := syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_ACCEPTCONN); err == nil && yes == 1 {
			return syscall.Shutdown(fd, syscall.SHUT_RD)
		}
	}
	return errors.New("nothing listens")
}
