package stream_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/internal/stream"
)

// taken is what a sink was told at once.
type taken struct {
	frames []string
	err    error
}

// sink remembers all that it takes, and can be held up.
type sink struct {
	got   chan taken
	enter func(taken) bool // nil: goes on
}

func newSink() *sink { return &sink{got: make(chan taken, 4096)} }

func (s *sink) Take(frames []connectors.Frame, err error) bool {
	k := taken{err: err}
	for _, f := range frames {
		k.frames = append(k.frames, string(f.Data))
	}
	s.got <- k
	return (s.enter == nil || s.enter(k)) && err == nil
}

func (*sink) Moved() {}

// next is what was taken next.
func (s *sink) next(t testing.TB) taken {
	t.Helper()
	select {
	case k := <-s.got:
		return k
	case <-time.After(patience):
		t.Fatal("nothing was taken")
		return taken{}
	}
}

// until gathers frames until one ends with what is wanted, and fails if something else than frames comes.
func (s *sink) until(t testing.TB, last string) (frames []string) {
	t.Helper()
	for len(frames) == 0 || !strings.HasSuffix(frames[len(frames)-1], last) {
		k := s.next(t)
		if k.err != nil {
			t.Fatalf("took %v behind %d frames", k.err, len(frames))
		}
		frames = append(frames, k.frames...)
	}
	return frames
}

func (s *sink) wantEnd(t testing.TB, want error) {
	t.Helper()
	if k := s.next(t); len(k.frames) > 0 || !errors.Is(k.err, want) {
		t.Errorf("took %q, %v, want %v alone", k.frames, k.err, want)
	}
}

// sized cuts frames that begin with their size in two bytes.
type sized struct {
	begun []byte
	limit func() int
}

func (s *sized) Cut(b []byte, dst []connectors.Frame) ([]connectors.Frame, []byte, error) {
	s.begun = append(s.begun, b...)
	for len(s.begun) >= 2 {
		n := 2 + int(binary.BigEndian.Uint16(s.begun))
		if limit := s.limit(); limit > 0 && n > limit {
			return dst, nil, connectors.ErrTooLarge
		}
		if n > len(s.begun) {
			break
		}
		dst = append(dst, connectors.Frame{Data: s.begun[2:n:n]})
		s.begun = s.begun[n:]
	}
	if len(s.begun) == 0 {
		s.begun = nil
	}
	return dst, nil, nil
}

func (s *sized) Pending() bool { return len(s.begun) > 0 }
func (s *sized) Rest()         {}

func frame(text string) string {
	return string(binary.BigEndian.AppendUint16(nil, uint16(len(text)))) + text
}

// tcp is a Wire of TCP, and its client.
func tcp(t testing.TB, slack time.Duration) (w *stream.Wire, client *net.TCPConn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	s, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	w = &stream.Wire{}
	w.Init(s, slack)
	if !w.Polls() {
		t.Fatal("a TCP connection cannot be polled")
	}
	t.Cleanup(func() {
		_ = c.Close()
		w.Close(nil)
	})
	return w, c.(*net.TCPConn)
}

// delivered is one that is delivered already.
func delivered(t testing.TB, slack time.Duration) (w *stream.Wire, s *sink, client *net.TCPConn) {
	t.Helper()
	w, client = tcp(t, slack)
	s = newSink()
	w.Deliver(&sized{limit: w.ReadLimit}, s)
	return w, s, client
}

func send(t testing.TB, c io.Writer, text string) {
	t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
}

func TestFramesAreDelivered(t *testing.T) {
	_, s, client := delivered(t, 0)
	for _, text := range []string{"one", "two", "three"} {
		send(t, client, frame(text))
		if got := s.next(t); !slices.Equal(got.frames, []string{text}) || got.err != nil {
			t.Errorf("took %+v, want %q", got, text)
		}
	}
	send(t, client, frame("last")+"\x00")
	_ = client.Close()
	if got := s.until(t, "last"); len(got) != 1 {
		t.Errorf("took %q", got)
	}
	s.wantEnd(t, io.EOF)
}

func TestAResetIsDeliveredAsWhatItIs(t *testing.T) {
	_, s, client := delivered(t, 0)
	send(t, client, frame("one"))
	s.until(t, "one")
	_ = client.SetLinger(0)
	_ = client.Close()
	s.wantEnd(t, syscall.ECONNRESET)
}

// What was said before Deliver comes first: what ReadFrames left, what a frame began with, what nobody has read.
func TestDeliverGoesOnWhereReadFramesStopped(t *testing.T) {
	w, client := tcp(t, 0)
	cut := &lines{}
	send(t, client, "read\nleft\nbeg")
	if frames, err := w.ReadFrames(cut); err != nil || string(frames[0].Data) != "read" {
		t.Fatalf("ReadFrames = %v, %v", frames, err)
	}
	s := newSink()
	w.Deliver(cut, s)
	if got := s.next(t); !slices.Equal(got.frames, []string{"left"}) {
		t.Fatalf("took %+v", got)
	}
	send(t, client, "un\nnew\n")
	if got := s.until(t, "new"); !slices.Equal(got, []string{"begun", "new"}) {
		t.Errorf("took %q", got)
	}
	send(t, client, "end\n")
	s.until(t, "end")
}

// Nothing is read of a client whose frames are not handled; others go on.
func TestTakeSlowsItsOwnClientOnly(t *testing.T) {
	var release []chan struct{}
	var clients []*net.TCPConn
	for range 4 * runtime.GOMAXPROCS(0) { // whatever loop they are with
		held := make(chan struct{})
		w, client := tcp(t, 0)
		s := newSink()
		s.enter = func(taken) bool { <-held; return true }
		w.Deliver(&sized{limit: w.ReadLimit}, s)
		release, clients = append(release, held), append(clients, client)
		send(t, client, frame("held"))
		s.next(t)
		defer func() { s.next(t) }()
	}
	for range 2 * runtime.GOMAXPROCS(0) {
		_, s, client := delivered(t, 0)
		send(t, client, frame("others"))
		s.next(t)
	}
	for i, held := range release {
		send(t, clients[i], frame("more"))
		close(held)
	}
}

func TestLongFramesInPiecesAreWhole(t *testing.T) {
	_, s, client := delivered(t, patience)
	var want []string
	var wire bytes.Buffer
	for i := range 20 {
		text := strings.Repeat(fmt.Sprint(i%10), 60_000+i)
		want = append(want, text)
		wire.WriteString(frame(text))
	}
	go func() {
		for n := 1; wire.Len() > 0; n = n*7%9973 + 1 {
			_, _ = client.Write(wire.Next(n))
		}
	}()
	var got []string
	for len(got) < len(want) {
		k := s.next(t)
		if k.err != nil {
			t.Fatal(k.err)
		}
		got = append(got, k.frames...)
	}
	if !slices.Equal(got, want) {
		t.Error("the frames are others than those sent")
	}
}

func TestAFrameThatIsNotCompleteInTimeStalls(t *testing.T) {
	_, s, client := delivered(t, 5*time.Millisecond)
	send(t, client, frame("whole")+frame("half")[:3])
	s.until(t, "whole")
	s.wantEnd(t, connectors.ErrStalled)
	send(t, client, frame("half")[3:])
	_ = client.Close()
	select {
	case k := <-s.got:
		t.Errorf("took %+v behind the end", k)
	default:
	}
}

// A frame that becomes whole in time gives its time back, and the next has one of its own.
func TestTimeIsForAFrame(t *testing.T) {
	_, s, client := delivered(t, patience)
	for range 100 {
		send(t, client, "\x00")
		send(t, client, "\x02")
		send(t, client, "ok")
		s.until(t, "ok")
	}
}

func TestALimitHoldsForAFrameThatHasBegun(t *testing.T) {
	w, client := tcp(t, 0)
	s := newSink()
	s.enter = func(taken) bool { w.SetReadLimit(100); return true }
	w.Deliver(&sized{limit: w.ReadLimit}, s)
	send(t, client, frame("first")+frame(strings.Repeat("x", 200))[:50])
	s.until(t, "first")
	s.wantEnd(t, connectors.ErrTooLarge)
}

// broken is a Cutter that fails for all bytes.
type broken struct{ lines }

func (*broken) Cut([]byte, []connectors.Frame) ([]connectors.Frame, []byte, error) { panic("bug") }

func TestACutterThatPanicsCostsItsClientOnly(t *testing.T) {
	w, client := tcp(t, 0)
	s := newSink()
	w.Deliver(&broken{}, s)
	send(t, client, "x")
	if k := s.next(t); k.err == nil || !strings.Contains(k.err.Error(), "bug") {
		t.Errorf("took %+v, want the panic", k)
	}
}

// What is said at the end still arrives, though the client goes on sending.
func TestAWireThatIsDeliveredClosesInGoodOrder(t *testing.T) {
	w, client := tcp(t, 0)
	s := newSink()
	s.enter = func(taken) bool { w.Close([]byte("bye")); return true }
	w.Deliver(&sized{limit: w.ReadLimit}, s)
	send(t, client, frame("one"))
	s.until(t, "one")
	for range 10 {
		send(t, client, frame("late"))
	}
	if b, err := io.ReadAll(client); err != nil || string(b) != "bye" {
		t.Errorf("client got %q, %v", b, err)
	}
	select {
	case k := <-s.got:
		t.Errorf("took %+v after Close", k)
	default:
	}
}

func TestNothingIsDeliveredAfterClose(t *testing.T) {
	w, client := tcp(t, 0)
	send(t, client, frame("x"))
	w.Close(nil)
	s := newSink()
	w.Deliver(&sized{limit: w.ReadLimit}, s)
	_, _ = io.ReadAll(client)
	if len(s.got) > 0 {
		t.Errorf("took %+v", <-s.got)
	}
}

// Where the system has no room for a loop a goroutine reads, until it has.
func TestWithoutRoomForALoopAGoroutineReads(t *testing.T) {
	w, client := tcp(t, 0)
	s := newSink()
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &before); err != nil {
		t.Fatal(err)
	}
	none := syscall.Rlimit{Max: before.Max}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &none); err != nil {
		t.Fatal(err)
	}
	w.Deliver(&sized{limit: w.ReadLimit}, s)
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &before); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"by a goroutine", "by a loop"} {
		send(t, client, frame(text))
		s.until(t, text)
	}
	_ = client.Close()
	s.wantEnd(t, io.EOF)
}

// Clients come and go, on either side's wish, while what they say is under way.
func TestManyComeAndGo(t *testing.T) {
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			for k := range 25 {
				w, s, client := delivered(t, patience)
				_, _ = io.WriteString(client, frame("one")+frame("two")[:1+k%4])
				switch (i + k) % 3 {
				case 0:
					_ = client.SetLinger(0)
					_ = client.Close()
				case 1:
					s.until(t, "one")
					_ = client.Close()
				}
				w.Close(nil)
			}
		})
	}
	wg.Wait()
}
