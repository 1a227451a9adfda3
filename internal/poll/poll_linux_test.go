package poll_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/fairlead-go/fairlead/internal/poll"
)

func TestWhatComesIsRead(t *testing.T) {
	got := make(chan heard, 8)
	_, client := add(t, all(got))
	for i := range 3 {
		text := fmt.Sprint("message ", i)
		say(t, client, text)
		if h := next(t, got); h.text != text || h.over || h.err != nil {
			t.Errorf("read %+v, want %q", h, text)
		}
	}
}

func TestWhatCameBeforeIsReadToo(t *testing.T) {
	server, client := pair(t)
	say(t, client, "early")
	got := make(chan heard, 8)
	r := &reader{conn: server}
	r.ready = func(h *poll.Hand, over bool) bool { return all(got)(r, h, over) }
	if err := r.come(); err != nil {
		t.Fatal(err)
	}
	defer r.leave()
	if h := next(t, got); h.text != "early" {
		t.Errorf("read %+v", h)
	}
}

func TestTheEndComesBehindTheData(t *testing.T) {
	got := make(chan heard, 8)
	_, client := add(t, all(got))
	say(t, client, "last words")
	_ = client.CloseWrite()
	if h := next(t, got); h.text != "last words" || h.err != nil {
		t.Errorf("read %+v, want the data first", h)
	}
	if h := next(t, got); h.err != io.EOF || !h.over {
		t.Errorf("read %+v, want the end", h)
	}
}

func TestAResetIsAnError(t *testing.T) {
	got := make(chan heard, 8)
	_, client := add(t, all(got))
	_ = client.SetLinger(0)
	_ = client.Close()
	if h := next(t, got); !errors.Is(h.err, syscall.ECONNRESET) || !h.over {
		t.Errorf("read %+v, want a reset", h)
	}
}

// A client that is run again and again has the others of its loop run in between.
func TestWhoGoesOnSendingWaitsForTheOthers(t *testing.T) {
	stop := make(chan struct{})
	again := make(chan struct{}, 1)
	flood, client := add(t, func(r *reader, h *poll.Hand, _ bool) bool {
		_, full, _ := h.Read(r.raw)
		if full {
			select {
			case again <- struct{}{}:
			default:
			}
		}
		return full
	})
	var wg sync.WaitGroup
	wg.Go(func() {
		b := make([]byte, 64<<10)
		for {
			if _, err := client.Write(b); err != nil {
				return
			}
			select {
			case <-stop:
				return
			default:
			}
		}
	})
	got := make(chan heard, 8)
	for range 2 * runtime.GOMAXPROCS(0) { // some with the same loop
		next(t, again)
		_, quiet := add(t, all(got))
		for range 10 {
			say(t, quiet, "x")
			next(t, got)
		}
	}
	close(stop)
	flood.leave()
	wg.Wait()
}

// stuck is as many clients as any loop has, whose Ready does not return before go is closed.
func stuck(t *testing.T, yield bool) (release func()) {
	t.Helper()
	var at sync.WaitGroup
	held := make(chan struct{})
	for range 4 * runtime.GOMAXPROCS(0) {
		at.Add(1)
		var once sync.Once
		_, client := add(t, func(r *reader, h *poll.Hand, over bool) bool {
			_, _, _ = h.Read(r.raw)
			once.Do(func() {
				at.Done()
				if yield {
					h.Turn.Yield()
				}
				<-held
			})
			return false
		})
		say(t, client, "x")
	}
	at.Wait() // all of them are reached though all before are stuck
	return func() { close(held) }
}

func TestWhoIsStuckHoldsUpNobody(t *testing.T) {
	for name, yield := range map[string]bool{"and says so": true, "and does not say so": false} {
		t.Run(name, func(t *testing.T) {
			release := stuck(t, yield)
			got := make(chan heard, 8)
			for range 2 * runtime.GOMAXPROCS(0) {
				_, client := add(t, all(got))
				say(t, client, "others")
				next(t, got)
			}
			release()
		})
	}
}

// What came while a client was being run by who does not lead any more is told afterwards.
func TestWhatComesMeanwhileIsNotLost(t *testing.T) {
	for name, more := range map[string]bool{"and was not read": false, "and more is asked for": true} {
		t.Run(name, func(t *testing.T) {
			entered, held, got := make(chan struct{}), make(chan struct{}), make(chan heard, 8)
			first := true
			_, client := add(t, func(r *reader, h *poll.Hand, over bool) bool {
				if first {
					first = false
					_, _, _ = h.Read(r.raw)
					h.Turn.Yield()
					close(entered)
					<-held
					return more
				}
				return all(got)(r, h, over)
			})
			say(t, client, "first")
			next(t, entered)
			say(t, client, "second")
			for range 2 * runtime.GOMAXPROCS(0) { // until the new leader has seen that
				others := make(chan heard, 8)
				_, other := add(t, all(others))
				say(t, other, "x")
				next(t, others)
			}
			close(held)
			if h := next(t, got); h.text != "second" {
				t.Errorf("read %+v", h)
			}
		})
	}
}

// A handler that is run by a hand holds up neither the client it came with nor others.
func TestATurnThatTakesLongHoldsUpNobody(t *testing.T) {
	held, got := make(chan struct{}), make(chan heard, 8)
	var begun atomic.Int64
	_, client := add(t, func(r *reader, h *poll.Hand, over bool) bool {
		if begun.Add(1) == 1 {
			h.Turn.Add(func() { <-held })
		}
		return all(got)(r, h, over)
	})
	for i := range 10 {
		text := fmt.Sprint(i)
		say(t, client, text)
		if h := next(t, got); h.text != text {
			t.Errorf("read %+v, want %q", h, text)
		}
	}
	close(held)
}

// What turns have left is done whatever happens: something in the same turn takes long, the client waits or leaves.
func TestAllThatIsInATurnIsDone(t *testing.T) {
	for name, then := range map[string]func(r *reader, h *poll.Hand, held chan struct{}){
		"beside what takes long":      func(*reader, *poll.Hand, chan struct{}) {},
		"while the client waits":      func(_ *reader, h *poll.Hand, held chan struct{}) { h.Turn.Yield(); <-held },
		"when the client has left":    func(r *reader, _ *poll.Hand, _ chan struct{}) { r.leave() },
		"when it waits, and has left": func(r *reader, h *poll.Hand, held chan struct{}) { h.Turn.Yield(); r.leave(); <-held },
	} {
		t.Run(name, func(t *testing.T) {
			held, done := make(chan struct{}), make(chan int, 3)
			var once sync.Once
			_, client := add(t, func(r *reader, h *poll.Hand, over bool) bool {
				once.Do(func() {
					for i := range 3 {
						h.Turn.Add(func() {
							done <- i
							<-held
						})
					}
					then(r, h, held)
				})
				_, _, _ = h.Read(r.raw)
				return false
			})
			say(t, client, "x")
			for range 3 {
				next(t, done)
			}
			close(held)
		})
	}
}

func TestNobodyIsCalledThatHasLeft(t *testing.T) {
	var left atomic.Bool
	entered, held := make(chan struct{}), make(chan struct{})
	var once sync.Once
	r, client := add(t, func(r *reader, h *poll.Hand, over bool) bool {
		if left.Load() {
			t.Error("Ready was called after Leave")
			return false
		}
		_, _, _ = h.Read(r.raw)
		once.Do(func() { close(entered); <-held })
		return true
	})
	say(t, client, "x")
	next(t, entered)
	left.Store(true)
	r.mu.Lock()
	r.place.Leave() // while it runs, and the socket is still open
	r.left = true
	r.mu.Unlock()
	say(t, client, "y")
	close(held)
	got := make(chan heard, 8)
	for range 2 * runtime.GOMAXPROCS(0) { // one of them has its place
		_, other := add(t, all(got))
		say(t, other, "x")
		if h := next(t, got); h.text != "x" {
			t.Errorf("read %+v", h)
		}
	}
	_ = r.conn.Close()
}

// Many come, speak and go at once, by whatever end of the connection.
func TestComingAndGoing(t *testing.T) {
	const clients, at = 1000, 20
	var wg sync.WaitGroup
	var read atomic.Int64
	for range at {
		wg.Go(func() {
			for range clients / at {
				server, client := pair(t)
				r := &reader{conn: server}
				r.ready = func(h *poll.Hand, over bool) bool {
					b, full, err := h.Read(r.raw)
					read.Add(int64(strings.Count(string(b), "x")))
					if err != nil {
						r.leave()
					}
					return full || over
				}
				if err := r.come(); err != nil {
					t.Error(err)
					return
				}
				say(t, client, "xxx")
				go r.leave()
				_ = client.Close()
			}
		})
	}
	wg.Wait()
	t.Logf("%d of %d bytes were read before the end", read.Load(), 3*clients)
}

func TestASocketThatIsClosedCannotCome(t *testing.T) {
	server, _ := pair(t)
	r := &reader{conn: server}
	_ = server.Close()
	if err := r.come(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Add = %v, want net.ErrClosed", err)
	}
}
