package interop_test

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// hostile is what no client sends, after a proper handshake. Each loses its
// sender the connection, and nothing else.
var hostile = map[string]string{
	"a request without a route":   "\x04\x00\x00\x02\x00\x01",
	"an empty data package":       "\x04\x00\x00\x00",
	"an id that never ends":       "\x04\x00\x00\x0b\x00" + strings.Repeat("\x80", 10),
	"a length of 16 MB":           "\x04\xff\xff\xff",
	"16 MB announced, and begun":  "\x04\xff\xff\xff" + strings.Repeat("x", 1000),
	"a kick":                      "\x05\x00\x00\x00",
	"garbage":                     "\xde\xad\xbe\xef\xde\xad\xbe\xef",
	"a route longer than the end": "\x04\x00\x00\x04\x00\x01\xffx",
}

// TestAHostileClientLosesItsOwnConnection is to be read with the neighbour in
// mind: it is answered after each, on the connection it has.
func TestAHostileClientLosesItsOwnConnection(t *testing.T) {
	addr := serve(t, profiles["hb"])
	for transport, ws := range map[string]bool{"tcp": false, "websocket": true} {
		neighbour := join(t, addr, ws)
		for name, bytes := range hostile {
			t.Run(transport+" "+name, func(t *testing.T) {
				if err := attack(addr, ws, bytes); err != nil {
					t.Error(err)
				}
				if err := intrude(addr, ws, bytes); err != nil {
					t.Errorf("without a handshake: %v", err)
				}
				if err := neighbour.echo(1); err != nil {
					t.Errorf("the neighbour: %v", err)
				}
			})
		}
	}
}

// attack shakes hands, sends bytes and waits for the end.
func attack(addr string, ws bool, bytes string) error {
	p, err := dial(addr, ws)
	if err != nil {
		return err
	}
	defer p.close()
	if err := p.enter(); err != nil {
		return err
	}
	if err := p.send([]byte(bytes)); err != nil {
		return err
	}
	for {
		switch a, ok := p.next(soon); {
		case !ok:
			return fmt.Errorf("%.20q: still connected", bytes)
		case a.err != nil:
			return nil
		case a.op == opBinary && a.data[0] == 4:
			return fmt.Errorf("%.20q: answered with %v", bytes, a)
		}
	}
}

// intrude sends bytes instead of a handshake. The client may be ignored until it
// has taken too long, so nothing is waited for.
func intrude(addr string, ws bool, bytes string) error {
	p, err := dial(addr, ws)
	if err != nil {
		return err
	}
	defer p.close()
	if ws {
		if _, err := p.upgrade(upgradeRequest); err != nil {
			return err
		}
	}
	return p.send([]byte(bytes))
}

// What a crowd of hostile clients may cost, each of them with its share of the
// test's own work: 64 KiB allocated while it is there, so that no memory follows
// an announced length, and 1 KiB that stays. What does stay is Proto.Actor's process
// registry, 32,768 small maps, some 280 bytes for each on its first use.
const (
	crowd     = 2000
	allocated = crowd * 64 << 10
	kept      = crowd << 10
)

func TestACrowdOfHostileClientsCostsLittle(t *testing.T) {
	addr := serve(t, profiles["hb"])
	neighbour := join(t, addr, false)
	assault(t, addr, crowd/10) // what is made once has been made
	before := heap()
	assault(t, addr, crowd)
	during := heap()
	if err := neighbour.echo(1); err != nil {
		t.Errorf("the neighbour: %v", err)
	}
	if n := during.TotalAlloc - before.TotalAlloc; n > allocated {
		t.Errorf("%d bytes were allocated for %d clients, want at most %d", n, crowd, allocated)
	}
	for end := time.Now().Add(patience); ; <-time.After(quiet) { // what lingers for a second goes
		grown := int64(heap().HeapAlloc) - int64(before.HeapAlloc)
		if grown <= kept {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("the heap grew by %d bytes for %d clients, want at most %d", grown, crowd, kept)
		}
	}
}

// assault lets n hostile clients come, a few at a time, on both transports.
func assault(t *testing.T, addr string, n int) {
	t.Helper()
	turns := make(chan func() error)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for turn := range turns {
				if err := turn(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for n > 0 {
		for _, bytes := range hostile {
			ws := n%2 == 0
			turns <- func() error { return attack(addr, ws, bytes) }
			n--
		}
	}
	close(turns)
	wg.Wait()
}

// heap is how memory stands without what could be collected.
func heap() (m runtime.MemStats) {
	runtime.GC()
	runtime.GC() // pools are emptied by the second
	runtime.ReadMemStats(&m)
	return m
}
