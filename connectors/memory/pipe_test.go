package memory_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fairlead-go/fairlead/connectors/memory"
)

// The default buffer, which the ends of a plain Listener have.
const buffer = 64 << 10

// dial is a client and its server's end.
func dial(t *testing.T) (client, server net.Conn) {
	t.Helper()
	l := memory.Listen("test")
	client, err := l.Dial()
	if err != nil {
		t.Fatal(err)
	}
	server, err = l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return client, server
}

func closeWrite(c net.Conn) error { return c.(interface{ CloseWrite() error }).CloseWrite() }

// bothWays runs f with each end in the role of the first.
func bothWays(t *testing.T, f func(t *testing.T, a, b net.Conn)) {
	t.Run("client first", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			a, b := dial(t)
			f(t, a, b)
		})
	})
	t.Run("server first", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b, a := dial(t)
			f(t, a, b)
		})
	})
}

func TestBytesArriveInOrder(t *testing.T) {
	bothWays(t, func(t *testing.T, a, b net.Conn) {
		want := make([]byte, 3*buffer+17)
		rng := rand.NewChaCha8([32]byte{1})
		rng.Read(want)
		go func() {
			for rest := want; len(rest) > 0; {
				n := min(len(rest), 1+int(rng.Uint64()%5000))
				if _, err := a.Write(rest[:n]); err != nil {
					t.Errorf("write: %v", err)
				}
				rest = rest[n:]
			}
			a.Close()
		}()
		got, err := io.ReadAll(b)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("read %d bytes and %v, want the %d written", len(got), err, len(want))
		}
	})
}

func TestWhatWasWrittenIsReadAfterClose(t *testing.T) {
	bothWays(t, func(t *testing.T, a, b net.Conn) {
		a.Write([]byte("farewell"))
		a.Close()
		if got, err := io.ReadAll(b); string(got) != "farewell" || err != nil {
			t.Errorf("read %q and %v, want farewell and io.EOF", got, err)
		}
		if _, err := b.Write([]byte("x")); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("write to a closed peer: %v, want io.ErrClosedPipe", err)
		}
		if _, err := a.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
			t.Errorf("write after close: %v, want net.ErrClosed", err)
		}
		if _, err := a.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
			t.Errorf("read after close: %v, want net.ErrClosed", err)
		}
		if err := a.Close(); err != nil {
			t.Errorf("second close: %v", err)
		}
	})
}

func TestHalfCloseLeavesTheOtherWayOpen(t *testing.T) {
	bothWays(t, func(t *testing.T, a, b net.Conn) {
		a.Write([]byte("question"))
		closeWrite(a)
		if got, _ := io.ReadAll(b); string(got) != "question" {
			t.Errorf("read %q, want question", got)
		}
		if _, err := a.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
			t.Errorf("write after CloseWrite: %v, want net.ErrClosed", err)
		}
		b.Write([]byte("answer"))
		b.Close()
		if got, _ := io.ReadAll(a); string(got) != "answer" {
			t.Errorf("read %q, want answer", got)
		}
	})
}

func TestAWriterWaitsForTheReader(t *testing.T) {
	bothWays(t, func(t *testing.T, a, b net.Conn) {
		begin := time.Now()
		var waited time.Duration
		go func() {
			a.Write(make([]byte, buffer))
			waited = time.Since(begin)
			a.Write(make([]byte, 1))
			waited = time.Since(begin)
		}()
		synctest.Wait()
		if waited != 0 {
			t.Errorf("a full buffer was written after %v, want at once", waited)
		}
		time.Sleep(time.Second)
		b.Read(make([]byte, 1))
		synctest.Wait()
		if waited != time.Second {
			t.Errorf("the byte over the buffer was written after %v, want 1s", waited)
		}
	})
}

// A blocked call ends when it is told to: at that time, with that error.
func TestBlockedCallsEnd(t *testing.T) {
	read := func(a, _ net.Conn) error { _, err := a.Read(make([]byte, 1)); return err }
	write := func(a, _ net.Conn) error { _, err := a.Write(make([]byte, buffer+1)); return err }
	later := func(d time.Duration) time.Time { return time.Now().Add(d) }
	tests := map[string]struct {
		before func(a net.Conn) // the call
		call   func(a, b net.Conn) error
		during func(a, b net.Conn) // one second into the call
		after  time.Duration
		want   error
	}{
		"read, by its deadline":           {before: func(a net.Conn) { a.SetReadDeadline(later(250 * time.Millisecond)) }, call: read, after: 250 * time.Millisecond, want: os.ErrDeadlineExceeded},
		"write, by its deadline":          {before: func(a net.Conn) { a.SetWriteDeadline(later(250 * time.Millisecond)) }, call: write, after: 250 * time.Millisecond, want: os.ErrDeadlineExceeded},
		"read, by a deadline of both":     {before: func(a net.Conn) { a.SetDeadline(later(time.Millisecond)) }, call: read, after: time.Millisecond, want: os.ErrDeadlineExceeded},
		"write, by a deadline of both":    {before: func(a net.Conn) { a.SetDeadline(later(time.Millisecond)) }, call: write, after: time.Millisecond, want: os.ErrDeadlineExceeded},
		"read, deadline in the past":      {before: func(a net.Conn) { a.SetReadDeadline(later(-1)) }, call: read, want: os.ErrDeadlineExceeded},
		"write, deadline in the past":     {before: func(a net.Conn) { a.SetWriteDeadline(later(-1)) }, call: write, want: os.ErrDeadlineExceeded},
		"read, poked":                     {call: read, during: func(a, _ net.Conn) { a.SetReadDeadline(time.Unix(1, 0)) }, after: time.Second, want: os.ErrDeadlineExceeded},
		"write, poked":                    {call: write, during: func(a, _ net.Conn) { a.SetWriteDeadline(time.Unix(1, 0)) }, after: time.Second, want: os.ErrDeadlineExceeded},
		"read, deadline put off":          {before: func(a net.Conn) { a.SetReadDeadline(later(2 * time.Second)) }, call: read, during: func(a, _ net.Conn) { a.SetReadDeadline(later(2 * time.Second)) }, after: 3 * time.Second, want: os.ErrDeadlineExceeded},
		"write, deadline brought forward": {before: func(a net.Conn) { a.SetWriteDeadline(later(5 * time.Second)) }, call: write, during: func(a, _ net.Conn) { a.SetWriteDeadline(later(time.Second)) }, after: 2 * time.Second, want: os.ErrDeadlineExceeded},
		"read, deadline taken back":       {before: func(a net.Conn) { a.SetReadDeadline(later(2 * time.Second)) }, call: read, during: func(a, b net.Conn) { a.SetReadDeadline(time.Time{}); time.Sleep(4 * time.Second); b.Close() }, after: 5 * time.Second, want: io.EOF},
		"read, by close":                  {call: read, during: func(a, _ net.Conn) { a.Close() }, after: time.Second, want: net.ErrClosed},
		"write, by close":                 {call: write, during: func(a, _ net.Conn) { a.Close() }, after: time.Second, want: net.ErrClosed},
		"read, by the peer's close":       {call: read, during: func(_, b net.Conn) { b.Close() }, after: time.Second, want: io.EOF},
		"write, by the peer's close":      {call: write, during: func(_, b net.Conn) { b.Close() }, after: time.Second, want: io.ErrClosedPipe},
		"read, by the peer's half close":  {call: read, during: func(_, b net.Conn) { closeWrite(b) }, after: time.Second, want: io.EOF},
		"read, by a byte":                 {call: read, during: func(_, b net.Conn) { b.Write([]byte("x")) }, after: time.Second},
		"write, by a read":                {call: write, during: func(_, b net.Conn) { b.Read(make([]byte, 1)) }, after: time.Second},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			bothWays(t, func(t *testing.T, a, b net.Conn) {
				begin := time.Now()
				if tt.before != nil {
					tt.before(a)
				}
				if tt.during != nil {
					go func() {
						time.Sleep(time.Second)
						tt.during(a, b)
					}()
				}
				err := tt.call(a, b)
				if !errors.Is(err, tt.want) {
					t.Errorf("error = %v, want %v", err, tt.want)
				}
				if got := time.Since(begin); got != tt.after {
					t.Errorf("ended after %v, want %v", got, tt.after)
				}
				var timeout net.Error
				if isTimeout := errors.As(err, &timeout) && timeout.Timeout(); isTimeout != (tt.want == os.ErrDeadlineExceeded) {
					t.Errorf("%v is a timeout: %v", err, isTimeout)
				}
			})
		})
	}
}

func TestAPassedDeadlineIsForgottenWhenReset(t *testing.T) {
	bothWays(t, func(t *testing.T, a, b net.Conn) {
		a.SetDeadline(time.Unix(1, 0))
		b.Write([]byte("x"))
		if _, err := a.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("read with a passed deadline: %v", err)
		}
		a.SetDeadline(time.Time{})
		if _, err := a.Read(make([]byte, 1)); err != nil {
			t.Errorf("read after the deadline was taken back: %v", err)
		}
		if _, err := a.Write([]byte("x")); err != nil {
			t.Errorf("write after the deadline was taken back: %v", err)
		}
	})
}

// What a Write wrote before it failed counts, and is read.
func TestAFailedWriteTellsHowFarItCame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := dial(t)
		a.SetWriteDeadline(time.Now().Add(time.Second))
		n, err := a.Write(make([]byte, buffer+10))
		if n != buffer || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("wrote %d bytes and %v, want %d and a timeout", n, err, buffer)
		}
		a.Close()
		if got, _ := io.ReadAll(b); len(got) != n {
			t.Errorf("%d bytes were read, want %d", len(got), n)
		}
	})
}

func TestWritesDoNotMix(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := dial(t)
		const writers, size = 8, buffer/2 + 13
		var all sync.WaitGroup
		for i := range writers {
			all.Go(func() { a.Write(bytes.Repeat([]byte{byte(i)}, size)) })
		}
		go func() {
			all.Wait()
			a.Close()
		}()
		for p := make([]byte, size); ; {
			if _, err := io.ReadFull(b, p); err != nil {
				break
			}
			if n := bytes.Count(p, p[:1]); n != size {
				t.Fatalf("%d of %d bytes belong to writer %d", n, size, p[0])
			}
		}
	})
}

// All that a net.Conn allows at once, for the race detector.
func TestEndsAreSafeForConcurrentUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := dial(t)
		var all sync.WaitGroup
		for _, c := range []net.Conn{a, b} {
			for range 4 {
				all.Go(func() {
					for range 50 {
						c.Write(make([]byte, 1000))
						c.SetDeadline(time.Now().Add(time.Millisecond))
					}
				})
				all.Go(func() {
					for range 50 {
						c.Read(make([]byte, 700))
						c.SetReadDeadline(time.Time{})
					}
				})
			}
		}
		time.Sleep(time.Second)
		a.Close()
		b.Close()
		all.Wait()
	})
}

func TestAddressesTellTheClientsApart(t *testing.T) {
	l := memory.Listen("game")
	for _, want := range []string{"game#1", "game#2"} {
		client, _ := l.Dial()
		server, _ := l.Accept()
		if got := client.LocalAddr(); got.String() != want || got.Network() != "memory" {
			t.Errorf("client is %v, want %s", got, want)
		}
		if got := server.RemoteAddr(); got != client.LocalAddr() {
			t.Errorf("server sees %v, want %v", got, client.LocalAddr())
		}
		if client.RemoteAddr() != l.Addr() || server.LocalAddr() != l.Addr() {
			t.Errorf("server is %v and %v, want %v", client.RemoteAddr(), server.LocalAddr(), l.Addr())
		}
	}
}
