package memory_test

import (
	"errors"
	"io"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/memory"
)

// sink makes a connectors.Sink of a function.
type sink func([]connectors.Frame, error) bool

func (s sink) Take(frames []connectors.Frame, err error) bool { return s(frames, err) }
func (sink) Moved()                                           {}

// readable lets a test read a Deliverer as if it were a Conn that is read: a Take lasts until the
// next ReadFrames.
type readable struct {
	connectors.Conn
	read chan struct{} // somebody does
	out  chan taking
	over chan struct{}
	held bool // a Take waits for the next ReadFrames: the reader's
}

type taking struct {
	frames []connectors.Frame
	err    error
}

func newReadable(t testing.TB, c connectors.Conn, d connectors.Deliverer) *readable {
	k := &readable{Conn: c, read: make(chan struct{}), out: make(chan taking, 1), over: make(chan struct{})}
	t.Cleanup(func() { close(k.over) })
	d.Deliver(k)
	return k
}

func (k *readable) Moved() {}

func (k *readable) Take(frames []connectors.Frame, err error) bool {
	k.out <- taking{frames, err}
	if err != nil {
		return false
	}
	select {
	case <-k.read:
		return true
	case <-k.over:
		return false
	}
}

func (k *readable) ReadFrames() ([]connectors.Frame, error) {
	if k.held {
		k.read <- struct{}{}
	}
	t := <-k.out
	k.held = t.err == nil
	return t.frames, t.err
}

// deliver is a client whose packages are brought to take.
func deliver(t *testing.T, c *memory.Connector, take sink) (net.Conn, connectors.Conn) {
	t.Helper()
	c.Delivered = true
	ls, err := c.Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	client, _ := c.Dial()
	conn, _ := ls[0].Accept()
	conn.(connectors.Deliverer).Deliver(take)
	return client, conn
}

func TestAnIdleClientHasNoGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		before, took := runtime.NumGoroutine(), 0
		client, _ := deliver(t, &memory.Connector{}, func(frames []connectors.Frame, _ error) bool { took += len(frames); return true })
		for range 3 {
			client.Write([]byte(data + beat))
			synctest.Wait()
			if n := runtime.NumGoroutine(); n > before { // those of tests before may be on their way out
				t.Errorf("%d goroutines, want %d at most", n, before)
			}
		}
		if took != 6 {
			t.Errorf("%d packages taken, want 6", took)
		}
	})
}

func TestWhatWaitsIsBroughtFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &memory.Connector{Delivered: true}
		ls, _ := c.Listen(t.Context())
		client, _ := c.Dial()
		client.Write([]byte(data + beat))
		client.Close()
		conn, _ := ls[0].Accept()
		var got []string
		var end error
		conn.(connectors.Deliverer).Deliver(sink(func(frames []connectors.Frame, err error) bool {
			got, end = append(got, texts(frames)...), err
			return err == nil
		}))
		synctest.Wait()
		if !slices.Equal(got, []string{data, beat}) || !errors.Is(end, io.EOF) {
			t.Errorf("brought %q and %v", got, end)
		}
	})
}

// While a Take is held what the client writes fills the buffer, and then the client waits; but
// not longer than it wants to.
func TestAHeldTakeHoldsItsClient(t *testing.T) {
	for name, letGo := range map[string]func(client net.Conn, conn connectors.Conn, hold chan struct{}){
		"until it is over":         func(_ net.Conn, _ connectors.Conn, hold chan struct{}) { close(hold) },
		"until the server closes":  func(_ net.Conn, conn connectors.Conn, _ chan struct{}) { conn.Close(connectors.Reason{}) },
		"until the client closes":  func(client net.Conn, _ connectors.Conn, _ chan struct{}) { client.Close() },
		"until the client's limit": func(client net.Conn, _ connectors.Conn, _ chan struct{}) { client.SetWriteDeadline(time.Now()) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				hold, wrote := make(chan struct{}), make(chan error, 1)
				client, conn := deliver(t, &memory.Connector{Buffer: 10}, func(_ []connectors.Frame, err error) bool { <-hold; return err == nil })
				client.Write([]byte(data))
				synctest.Wait()
				go func() {
					_, err := client.Write([]byte(data + data))
					wrote <- err
				}()
				synctest.Wait()
				if len(wrote) > 0 {
					t.Fatal("12 bytes wait where 10 may")
				}
				letGo(client, conn, hold)
				synctest.Wait()
				if len(wrote) == 0 {
					t.Error("the client still waits")
				}
				select {
				case <-hold:
				default:
					close(hold)
				}
				client.Close()
			})
		})
	}
}

func TestNothingIsBroughtThatIsNotWanted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		takes := 0
		client, conn := deliver(t, &memory.Connector{}, func([]connectors.Frame, error) bool { takes++; return false })
		for range 3 {
			client.Write([]byte(data))
			synctest.Wait()
		}
		client.Close()
		conn.Close(connectors.Reason{})
		synctest.Wait()
		if takes != 1 {
			t.Errorf("%d takes, want the first alone", takes)
		}
	})
}

// Takes follow each other, in the order written, from whatever goroutine the client writes.
func TestTakesDoNotMix(t *testing.T) {
	var got []string
	end := make(chan error, 1)
	client, _ := deliver(t, &memory.Connector{Buffer: 16}, func(frames []connectors.Frame, err error) bool {
		got = append(got, texts(frames)...)
		if err != nil {
			end <- err
		}
		return err == nil
	})
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 200 {
				client.Write([]byte(data + beat))
			}
		})
	}
	all.Wait()
	client.Close()
	if err := <-end; !errors.Is(err, io.EOF) {
		t.Errorf("ended with %v", err)
	}
	if strings.Join(got, "") != strings.Repeat(data+beat, 1600) {
		t.Errorf("%d packages taken, or in another order; want 3200 in pairs", len(got))
	}
}
