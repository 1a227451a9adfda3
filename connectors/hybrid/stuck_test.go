package hybrid_test

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/hybrid"
	"github.com/fairlead-go/fairlead/messages"
)

// kind is a way for clients to come in.
type kind struct {
	connector *hybrid.Connector
	open      func(testing.TB, connectors.Listener) (net.Conn, connectors.Conn)
}

// kinds are all ways, each with a connector of its own.
func kinds(t *testing.T) map[string]kind {
	t.Helper()
	certFile, keyFile, trust := certificate(t)
	secure := func(t testing.TB, l connectors.Listener) (net.Conn, connectors.Conn) {
		client := tls.Client(dial(t, l, ""), &tls.Config{RootCAs: trust.RootCAs, ServerName: "127.0.0.1"})
		write(t, client, heartbeat)
		server := accept(t, l)
		wantFrames(t, server, heartbeat)
		return client, server
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return map[string]kind{
		"stream":      {&hybrid.Connector{}, dialStream},
		"unix socket": {&hybrid.Connector{Addr: "unix:" + filepath.Join(t.TempDir(), "s")}, dialStream},
		"WebSocket":   {&hybrid.Connector{}, rawWeb},
		"TLS":         {&hybrid.Connector{CertFile: certFile, KeyFile: keyFile}, secure},
		"user's conn": {&hybrid.Connector{Listener: counted{ln, new(atomic.Int64)}}, dialStream},
	}
}

// long is a package that no kernel takes without a reader.
const long = 16 << 20

// writing begins a long write and waits until the client, which reads nothing, has
// brought it to a stop.
func writing(t testing.TB, server connectors.Conn) chan error {
	t.Helper()
	ended, before := make(chan error, 1), taken(server)
	go func() { ended <- server.Write(net.Buffers{make([]byte, long)}) }()
	untilStopped(t, server, before)
	return ended
}

// taken is how many bytes the wire has taken.
func taken(server connectors.Conn) uint64 {
	n, _ := server.(connectors.Meter).Progress()
	return n
}

// untilStopped waits until the wire has taken more than before, and then no more.
func untilStopped(t testing.TB, server connectors.Conn, before uint64) {
	t.Helper()
	last := before
	eventually(t, 2*time.Millisecond, func() bool {
		n := taken(server)
		stopped := n > before && n == last
		last = n
		return stopped
	})
}

// eventually asks again and again until it is so.
func eventually(t testing.TB, every time.Duration, so func() bool) {
	t.Helper()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for end := time.After(patience); !so(); {
		select {
		case <-tick.C:
		case <-end:
			t.Fatal("it never came to be")
		}
	}
}

// A client that takes nothing of what is being written is gone at once: its file
// descriptor is closed long before a client that listens would be given up.
func TestAStuckClientIsLetGoOfAtOnce(t *testing.T) {
	for name, k := range kinds(t) {
		t.Run(name, func(t *testing.T) {
			l := listen(t, k.connector)
			_, server := k.open(t, l)
			ended := writing(t, server)
			begin := time.Now()
			server.Close(connectors.Reason{Cause: messages.CauseSlow, Text: "slow"})
			eventually(t, time.Millisecond, func() bool { return k.connector.Stats().Open == 0 })
			if d := time.Since(begin); d > 500*time.Millisecond {
				t.Errorf("closed after %v", d)
			}
			if err := <-ended; !errors.Is(err, net.ErrClosed) {
				t.Errorf("Write = %v, want net.ErrClosed", err)
			}
		})
	}
}

// interjector is what can give up a write.
type interjector interface{ Interject(b []byte) error }

func TestAStuckClientWhoseWriteHasEndedIsLetGoOfAtOnce(t *testing.T) {
	for name, k := range kinds(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := listen(t, k.connector)
			_, server := k.open(t, l)
			if err := server.(interjector).Interject(make([]byte, long)); err == nil || errors.Is(err, net.ErrClosed) {
				t.Errorf("Interject = %v, want it to be late", err)
			}
			sent := taken(server)
			if err := server.Write(net.Buffers{[]byte("more")}); err == nil {
				t.Error("something was written behind a package that was cut off")
			}
			if taken, _ := server.(connectors.Prompt).TryWrite(net.Buffers{[]byte("more")}); taken {
				t.Error("something was taken behind a package that was cut off")
			}
			begin := time.Now()
			server.Close(connectors.Reason{Cause: messages.CauseSlow, Text: "slow"})
			eventually(t, time.Millisecond, func() bool { return k.connector.Stats().Open == 0 })
			if d := time.Since(begin); d > 500*time.Millisecond {
				t.Errorf("closed after %v", d)
			}
			if now := taken(server); now != sent {
				t.Errorf("%d bytes went out behind a package that was cut off", now-sent)
			}
		})
	}
}

// TestHowSoonAStuckClientIsGone is a measurement: p99 of the time from Close to the file
// descriptor being closed. What else the machine does only adds to it, so the best of
// three counts.
func TestHowSoonAStuckClientIsGone(t *testing.T) {
	const most = 50 * time.Millisecond
	for name, open := range map[string]func(testing.TB, connectors.Listener) (net.Conn, connectors.Conn){"stream": dialStream, "WebSocket": rawWeb} {
		t.Run(name, func(t *testing.T) {
			p99 := time.Hour
			for try := 0; try < 3 && p99 > most; try++ {
				times := endings(t, 200, open)
				p99 = times[len(times)*99/100]
				t.Logf("%d stuck clients: closed after %v (median), %v (p99), %v (most)", len(times), times[len(times)/2], p99, times[len(times)-1])
			}
			if p99 > most && !raceEnabled {
				t.Errorf("p99 is %v, want %v at the most", p99, most)
			}
		})
	}
}

// endings are the times that it takes to be rid of so many stuck clients, the shortest
// first.
func endings(t *testing.T, clients int, open func(testing.TB, connectors.Listener) (net.Conn, connectors.Conn)) (times []time.Duration) {
	t.Helper()
	c := &hybrid.Connector{}
	l := listen(t, c)
	var servers []connectors.Conn
	var ended []chan error
	message := make([]byte, 1<<20)
	for range clients {
		client, server := open(t, l)
		_ = client.(*net.TCPConn).SetReadBuffer(4 << 10)
		done, before := make(chan error, 1), taken(server)
		go func() { done <- server.Write(net.Buffers{message}) }()
		untilStopped(t, server, before)
		servers, ended = append(servers, server), append(ended, done)
	}
	for i, server := range servers {
		begin := time.Now()
		server.Close(connectors.Reason{Cause: messages.CauseSlow})
		eventually(t, 50*time.Microsecond, func() bool { return c.Stats().Open == clients-1-i })
		times = append(times, time.Since(begin))
		<-ended[i]
	}
	slices.Sort(times)
	return times
}

// A client that is slow, and not stuck, is seen to take a long package bit by bit.
func TestWhatAClientTakesIsSeenWhileItIsWritten(t *testing.T) {
	for name, k := range kinds(t) {
		t.Run(name, func(t *testing.T) {
			client, server := k.open(t, listen(t, k.connector))
			ended := writing(t, server)
			stopped := taken(server)
			for taken(server) == stopped {
				if _, err := io.ReadFull(client, make([]byte, 64<<10)); err != nil {
					t.Fatal(err)
				}
			}
			if taken(server) > long {
				t.Error("all was taken at once")
			}
			server.Close(connectors.Reason{})
			<-ended
		})
	}
}

// What a client has not read yet is not lost while nothing is being written: the
// farewell goes behind it, and there is time to read it.
func TestAFarewellBehindWhatWaitsInTheKernel(t *testing.T) {
	c := &hybrid.Connector{}
	l := listen(t, c)
	client, server := rawWeb(t, l)
	for range 10 {
		if err := server.Write(net.Buffers{[]byte(data(500))}); err != nil {
			t.Fatal(err)
		}
	}
	server.Close(connectors.Reason{Cause: messages.CauseSlow, Text: "slow"})
	if n := c.Stats().Open; n != 1 {
		t.Errorf("%d are in right after Close, want 1: there is something to read", n)
	}
	wantRest(t, client, strings.Repeat("\x82\x7e\x01\xf8"+data(500), 10)+"\x88\x06\x03\xf0slow")
	_ = client.Close()
	eventually(t, time.Millisecond, func() bool { return c.Stats().Open == 0 })
}

// Close while a write is under way that the wire does take breaks nothing: whole
// packages arrive, and the end is no reset.
func TestAWriteThatIsTakenIsNotCutOff(t *testing.T) {
	l := listen(t, &hybrid.Connector{})
	for range 100 {
		client, server := dialStream(t, l)
		begun := make(chan struct{})
		go func() {
			for i := 0; server.Write(net.Buffers{[]byte(data(100))}) == nil; i++ {
				if i == 0 {
					close(begun)
				}
				_, _ = client.Read(make([]byte, 104)) // so that the wire has room
			}
		}()
		<-begun
		server.Close(connectors.Reason{Cause: messages.CauseKicked})
		b, err := io.ReadAll(client)
		if err != nil {
			t.Fatalf("the end is %v", err)
		}
		if n := bytes.Count(b, []byte("\x04")); len(b)%104 != 0 || n != len(b)/104 {
			t.Fatalf("%d bytes arrived, %d heads", len(b), n)
		}
		_ = client.Close()
	}
}
