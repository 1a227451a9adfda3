package udp_test

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/udp"
)

// flaky is a net.PacketConn whose reads and writes may fail.
type flaky struct {
	*lan
	mu   sync.Mutex
	err  error // of reads
	over error // of reads once it is closed; nil: net.ErrClosed
	most int   // bytes that a write takes; 0: all
	// hold is what writes to held wait for; nil: nothing.
	hold chan struct{}
	held netip.AddrPort
}

func (f *flaky) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := f.lan.ReadFrom(b)
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case err != nil && f.over != nil:
		return 0, nil, f.over
	case err == nil && f.err != nil:
		return 0, nil, f.err
	case err == nil && n == len(b):
		return n, from, errors.New("longer than the buffer") // as Windows has it
	}
	return n, from, err
}

func (f *flaky) WriteTo(b []byte, to net.Addr) (int, error) {
	if f.hold != nil && to.(*net.UDPAddr).AddrPort() == f.held {
		<-f.hold
	}
	if f.most > 0 && len(b) > f.most {
		return 0, errors.New("too long")
	}
	return f.lan.WriteTo(b, to)
}

func (f *flaky) fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err = err
}

// flakily runs f with a rig on a flaky network.
func flakily(t *testing.T, n *flaky, c *udp.Connector, f func(r *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n.lan = newLan()
		c.PacketConn = n
		r := startOn(t, c)
		r.net = n.lan
		defer r.stop()
		f(r)
	})
}

func (r *rig) health() error { return r.listener.(connectors.Health).Health() }

func TestReadingGoesOnAfterAnError(t *testing.T) {
	var log bytes.Buffer
	f := &flaky{}
	flakily(t, f, &udp.Connector{Logger: slog.New(slog.NewTextHandler(&log, nil))}, func(r *rig) {
		p := f.join(host(1))
		broken := errors.New("broken")
		f.fail(broken)
		for range 3 {
			p.say(plainHello)
		}
		synctest.Wait()
		if got := r.health(); !errors.Is(got, broken) {
			t.Errorf("Health = %v, want broken", got)
		}
		time.Sleep(time.Second)
		f.fail(nil)
		r.shake(p)
		if got := r.health(); got != nil {
			t.Errorf("Health = %v, want nil", got)
		}
		if got := r.connector.Counts().AcceptErrors; got != 3 {
			t.Errorf("AcceptErrors = %d, want 3", got)
		}
		if got := strings.Count(log.String(), "read failed"); got != 1 {
			t.Errorf("%d lines in the log, want 1:\n%s", got, &log)
		}
	})
}

// TestOneFailureIsNoTroubleForEver: where nobody comes because of it, nothing else would clear it.
func TestOneFailureIsNoTroubleForEver(t *testing.T) {
	f := &flaky{}
	flakily(t, f, &udp.Connector{}, func(r *rig) {
		f.fail(errors.New("broken"))
		r.net.join(host(1)).say(plainHello)
		synctest.Wait()
		if r.health() == nil {
			t.Error("Health = nil, want an error")
		}
		if time.Sleep(2 * time.Second); r.health() != nil {
			t.Errorf("after 2 s Health = %v, want nil", r.health())
		}
	})
}

// TestASocketThatSaysOtherwiseThatItIsClosed ends its reader all the same.
func TestASocketThatSaysOtherwiseThatItIsClosed(t *testing.T) {
	flakily(t, &flaky{over: io.ErrClosedPipe}, &udp.Connector{}, func(r *rig) {
		r.shake(r.net.join(host(1)))
	})
}

func TestASocketThatSomebodyElseClosesIsTrouble(t *testing.T) {
	flakily(t, &flaky{}, &udp.Connector{}, func(r *rig) {
		r.net.Close()
		time.Sleep(time.Hour)
		if err := r.health(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Health = %v, want net.ErrClosed", err)
		}
	})
}

func TestWhatIsTooLongForTheBufferDisturbsNobody(t *testing.T) {
	flakily(t, &flaky{}, &udp.Connector{MaxPackage: 4096}, func(r *rig) {
		p := r.net.join(host(1))
		for range 100 {
			p.say(strings.Repeat("x", udp.MaxDatagram))
		}
		r.shake(p)
		if got := r.connector.Counts().AcceptErrors; got != 0 {
			t.Errorf("AcceptErrors = %d, want 0", got)
		}
	})
}

func TestWhatTheSystemDoesNotTakeIsLostAlone(t *testing.T) {
	flakily(t, &flaky{most: 9216}, &udp.Connector{}, func(r *rig) {
		p := r.net.join(host(1))
		r.shake(p)
		var batch net.Buffers
		for _, n := range []int{1000, 10_000, 900, 20_000, 1100} {
			batch = append(batch, []byte(pkg(4, strings.Repeat("x", n-4))))
		}
		if err := (<-r.sessions).Write(batch); err != nil {
			t.Fatal(err)
		}
		var got []int
		for len(p.in) > 0 {
			got = append(got, len(<-p.in))
		}
		if want := []int{1000, 900, 1100}; !slices.Equal(got, want) {
			t.Errorf("datagrams of %d bytes, want %d", got, want)
		}
		if got := r.connector.Stats().Lost; got != 2 {
			t.Errorf("Lost = %d, want 2", got)
		}
	})
}

// TestTheReaderWaitsForNoAnswer: the system may be slow to take what goes to one address, whose client asks to
// come in, or is told for the second time that it may.
func TestTheReaderWaitsForNoAnswer(t *testing.T) {
	for name, said := range map[string]string{"a cookie": withCookie("", 80), "an answer, again": plainHello} {
		t.Run(name, func(t *testing.T) {
			f := &flaky{held: host(1)}
			flakily(t, f, &udp.Connector{}, func(r *rig) {
				f.hold = make(chan struct{})
				p := r.net.join(host(2))
				r.shake(p)
				q := r.net.join(host(1))
				for range 2000 {
					q.say(said)
				}
				p.say(ask(1, `{}`))
				r.expect(p, answer(1, `{}`))
				if s := r.connector.Stats(); s.Lost+s.Dropped == 0 {
					t.Error("nothing is lost or dropped, want what there is no room for")
				}
				close(f.hold)
			})
		})
	}
}
