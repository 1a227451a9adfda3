package connectortest

import (
	"bytes"
	"maps"
	"net"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/memory"
	"github.com/fairlead-go/fairlead/internal/leak"
)

func TestMain(m *testing.M) { leak.Main(m) }

// broken is a connector that breaks a promise.
type broken struct {
	promise string // that fails
	says    string // the failure
	make    func(*wrapped)
	races   bool // the race detector finds it first
}

// brokenConnectors are, by what is wrong with them.
func brokenConnectors() map[string]broken {
	all := map[string]broken{}
	for _, list := range []map[string]broken{brokenPlaces, brokenReaders, brokenWriters, brokenEnds, brokenWords, brokenDeliveries, brokenServers} {
		maps.Copy(all, list)
	}
	return all
}

func TestBrokenConnectorsFail(t *testing.T) {
	for name, b := range brokenConnectors() {
		t.Run(name, func(t *testing.T) {
			if b.races && racing {
				t.Skip("the race detector finds it first")
			}
			got := &recorder{}
			for _, patience := range []time.Duration{200 * time.Millisecond, 2 * time.Second} { // for a busy machine
				if got = b.run(t, patience); got.says(b.says) {
					return
				}
			}
			t.Errorf("the suite says %q%s, want %q", got.said, got.skipped, b.says)
		})
	}
}

// run is the check that should fail.
func (b broken) run(t testing.TB, patience time.Duration) *recorder {
	h := harnessOf(b.make)
	h.Patience = patience
	return record(t, func(t testing.TB) { promiseOf(t, b.promise).run(t, h) })
}

func TestEachPromiseCanBreak(t *testing.T) {
	broken := map[string]bool{}
	for _, b := range brokenConnectors() {
		broken[b.promise] = true
	}
	for _, p := range promises() {
		if !broken[p.name] {
			t.Errorf("no connector breaks the promise %q", p.name)
		}
	}
}

// What is broken is nothing but what is said: around nothing the connector passes.
func TestTheWrappedConnectorIsRight(t *testing.T) {
	Run(t, harnessOf(prompts(bytes.Clone, leave)))
}

func promiseOf(t testing.TB, name string) promise {
	for _, p := range promises() {
		if p.name == name {
			return p
		}
	}
	t.Fatalf("there is no promise %q", name)
	return promise{}
}

// harnessOf is that of a connector that is broken by change.
func harnessOf(change func(*wrapped)) Harness {
	var latest *wrapped // one that listens is the only one at its place
	return Harness{
		New: func(testing.TB) connectors.Connector {
			latest = &wrapped{Connector: &memory.Connector{}}
			change(latest)
			return latest
		},
		At:   func(testing.TB, net.Addr) connectors.Connector { return latest },
		Dial: func(c connectors.Connector, _ net.Addr) (net.Conn, error) { return c.(*wrapped).Dial() },
	}.withDefaults()
}

func TestAGoroutineThatIsLeftIsFound(t *testing.T) {
	left := leak.Since()
	stop := make(chan struct{})
	defer close(stop)
	go func() { <-stop }()
	got := record(t, func(t testing.TB) { leftNothing(newRig(t, Harness{Patience: shortly}), left) })
	if !got.says("goroutines are left when all Listeners and Conns are closed") {
		t.Errorf("the suite says %q", got.said)
	}
}

func TestAClientThatIsNotThereIsNamed(t *testing.T) {
	h := harnessOf(func(*wrapped) {})
	h.Patience = shortly
	got := record(t, func(t testing.TB) { newRig(t, h).withServer(nil).wantSocket() })
	if !got.says("a server has no socket of the client that has come") {
		t.Errorf("the suite says %q", got.said)
	}
}

// conns breaks Conns.
func conns(f func(connectors.Conn) connectors.Conn) func(*wrapped) {
	return func(w *wrapped) { w.conn = f }
}

// reads breaks ReadFrames.
func reads(f func(connectors.Conn) ([]connectors.Frame, error)) func(*wrapped) {
	return conns(func(c connectors.Conn) connectors.Conn { return &reading{c, f} })
}

// writes breaks Write.
func writes(f func(connectors.Conn, net.Buffers) error) func(*wrapped) {
	return conns(func(c connectors.Conn) connectors.Conn { return &writing{c, f} })
}
