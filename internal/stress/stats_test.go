//go:build linux

package stress_test

import (
	"bytes"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/admit"
	"github.com/fairlead-go/fairlead/messages"
)

// stats is how the server is.
type stats struct {
	RSS, Heap   int64 // bytes
	Goroutines  int
	Connections int
	Ready       int
	Accepted    uint64
	Closed      map[string]uint64 // by cause, in words
	Admit       admit.Stats
	Counts      connectors.Counts

	Ends       uint64 // Closed events
	Unanswered uint64 // by them
	Told       uint64 // by them
	Killed     int    // sockets that ended because they, or what they are below, were killed
	Puzzling   int    // sockets whose actor was stopped by nobody

	SlowHandled int64
	SlowDeepest int64
}

func (s *server) stats() *stats {
	fs := s.fl.Stats()
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	st := &stats{
		RSS: resident(), Heap: int64(mem.HeapAlloc), Goroutines: runtime.NumGoroutine(),
		Connections: fs.Connections, Ready: fs.Ready, Accepted: fs.Accepted, Closed: map[string]uint64{},
		Admit: s.hybrid.Stats(), Counts: s.hybrid.Counts(),
		SlowHandled: s.game.slow.count.Load(), SlowDeepest: s.game.slow.deepest.Load(),
	}
	for cause, n := range fs.Closed {
		st.Closed[cause.Word()] = n
	}
	s.witness.tell(st)
	return st
}

// collected are the stats after all garbage has been given back.
func (s *server) collected() *stats {
	runtime.GC() // what pools hold goes in two
	debug.FreeOSMemory()
	return s.stats()
}

// resident is the process's resident memory.
func resident() int64 {
	b, _ := os.ReadFile("/proc/self/status")
	_, rest, _ := bytes.Cut(b, []byte("VmRSS:"))
	fields := strings.Fields(string(rest))
	if len(fields) == 0 {
		return 0
	}
	kb, _ := strconv.ParseInt(fields[0], 10, 64)
	return kb << 10
}

func descriptors() int {
	list, _ := os.ReadDir("/proc/self/fd")
	return len(list)
}

// witness hears how every connection ends, and knows what was killed. Events come on any
// goroutine.
type witness struct {
	mu         sync.Mutex
	killed     map[string]time.Time // actors, by name
	ends       uint64
	unanswered uint64
	told       uint64
	explained  int
	puzzling   int
}

func newWitness() *witness { return &witness{killed: map[string]time.Time{}} }

// kills notes that an actor is about to be killed; false: it has been before.
func (w *witness) kills(name string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.killed[name].IsZero() || !strings.Contains(name, kinds["socket"]) {
		w.killed[name] = time.Now()
		return true
	}
	return false
}

func (w *witness) event(e any) {
	m, ok := e.(*messages.Closed)
	if !ok {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ends++
	w.unanswered += m.Unanswered
	if m.Told {
		w.told++
	}
	switch {
	case w.explains(m.Session):
		w.explained++
	case m.Cause == messages.CauseClosed || m.Cause == messages.CauseFailed:
		w.puzzling++
	}
}

// explains tells whether the socket, or something above it, was killed after it was born.
func (w *witness) explains(s *messages.Session) bool {
	born := time.Unix(0, s.ConnectedAt)
	for name := s.GetSocket().GetId(); name != ""; {
		if at, ok := w.killed[name]; ok && !at.Before(born) {
			return true
		}
		name = name[:max(strings.LastIndexByte(name, '/'), 0)]
	}
	return false
}

func (w *witness) tell(st *stats) {
	w.mu.Lock()
	defer w.mu.Unlock()
	st.Ends, st.Unanswered, st.Told = w.ends, w.unanswered, w.told
	st.Killed, st.Puzzling = w.explained, w.puzzling
}
