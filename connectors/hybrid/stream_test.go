package hybrid_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/hybrid"
	"github.com/fairlead-go/fairlead/messages"
)

// data is a data package with a body of n bytes.
func data(n int) string {
	return string([]byte{4, byte(n >> 16), byte(n >> 8), byte(n)}) + strings.Repeat("x", n)
}

func TestStreamSegments(t *testing.T) {
	l := listen(t, &hybrid.Connector{Addr: "unix:" + filepath.Join(t.TempDir(), "s")})
	for name, tt := range map[string]struct{ chunks, want []string }{
		"a package in one segment": {[]string{data(3)}, []string{data(3)}},
		"two that stick together":  {[]string{data(3) + heartbeat}, []string{data(3), heartbeat}},
		"one and a half":           {[]string{data(3) + data(9)[:6], data(9)[6:]}, []string{data(3), data(9)}},
		"byte by byte":             {strings.Split(data(5)+heartbeat, ""), []string{data(5), heartbeat}},
		"longer than one read":     {[]string{data(30000)}, []string{data(30000)}},
	} {
		t.Run(name, func(t *testing.T) {
			client := dial(t, l, tt.chunks[0])
			server := accept(t, l)
			for _, c := range tt.chunks[1:] {
				write(t, client, c)
			}
			wantFrames(t, server, tt.want...)
			if got := server.Transport(); got != "unix" {
				t.Errorf("transport = %q", got)
			}
			_ = client.Close()
			wantEnd(t, server, io.EOF)
		})
	}
}

func TestStreamLimit(t *testing.T) {
	l := listen(t, &hybrid.Connector{})
	client, server := dialStream(t, l)
	server.SetReadLimit(4 + 100)
	write(t, client, data(100)+data(101)[:4])
	wantFrames(t, server, data(100))
	wantEnd(t, server, connectors.ErrTooLarge)
}

func TestUnknownTypeBehindAPackage(t *testing.T) {
	l := listen(t, &hybrid.Connector{})
	client := dial(t, l, heartbeat+"\x09\x00\x00\x00")
	server := accept(t, l)
	wantEnd(t, server, connectors.ErrMalformed)
	server.Close(connectors.Reason{Cause: messages.CauseMalformed})
	if b, err := io.ReadAll(client); err != nil || len(b) > 0 {
		t.Errorf("client got %q, %v, want the end alone", b, err)
	}
}

func TestFarewellArrivesThoughInputIsUnread(t *testing.T) {
	l := listen(t, &hybrid.Connector{})
	client, server := dialStream(t, l)
	write(t, client, strings.Repeat(heartbeat, 10000)) // nobody reads it
	kick := "\x05\x00\x00\x02{}"
	if err := server.Write(net.Buffers{[]byte(kick)}); err != nil {
		t.Fatal(err)
	}
	server.Close(connectors.Reason{Cause: messages.CauseKicked})
	server.Close(connectors.Reason{})
	write(t, client, heartbeat)
	if b, err := io.ReadAll(client); err != nil || string(b) != kick {
		t.Errorf("client got %q, %v, want the kick and the end", b, err)
	}
	if _, err := server.ReadFrames(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("ReadFrames after Close = %v", err)
	}
	if err := server.Write(net.Buffers{[]byte(kick)}); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Write after Close = %v", err)
	}
}

func TestCloseUnblocksReaderAndWriter(t *testing.T) {
	l := listen(t, &hybrid.Connector{})
	for name, open := range map[string]func() (net.Conn, connectors.Conn){
		"stream": func() (net.Conn, connectors.Conn) { return dialStream(t, l) },
		"WebSocket": func() (net.Conn, connectors.Conn) {
			ws, server := dialWeb(t, l)
			return ws.UnderlyingConn(), server
		},
	} {
		t.Run(name, func(t *testing.T) {
			client, server := open()
			read, wrote := make(chan error), make(chan error)
			go func() {
				_, err := server.ReadFrames()
				read <- err
			}()
			go func() { wrote <- server.Write(net.Buffers{make([]byte, 64<<20)}) }()
			// One byte says that the write has begun, and nobody takes the others.
			if _, err := client.Read(make([]byte, 1)); err != nil {
				t.Fatal(err)
			}
			begin := time.Now()
			server.Close(connectors.Reason{Cause: messages.CauseSlow})
			if d := time.Since(begin); d > 50*time.Millisecond {
				t.Errorf("Close blocked for %v", d)
			}
			for what, ended := range map[string]chan error{"ReadFrames": read, "Write": wrote} {
				if err := <-ended; !errors.Is(err, net.ErrClosed) {
					t.Errorf("%s = %v, want net.ErrClosed", what, err)
				}
			}
			if d := time.Since(begin); d > 100*time.Millisecond {
				t.Errorf("unblocked after %v", d)
			}
		})
	}
}

// counted is a listener whose connections count their writes. They are not
// kernel sockets to us, so the portable way of reading is taken too.
type counted struct {
	net.Listener
	writes *atomic.Int64
}

type countedConn struct {
	net.Conn
	writes *atomic.Int64
}

func (l counted) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &countedConn{c, l.writes}, nil
}

func (c *countedConn) Write(b []byte) (int, error) {
	c.writes.Add(1)
	return c.Conn.Write(b)
}

func listenCounted(t *testing.T) (connectors.Listener, *atomic.Int64) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	writes := &atomic.Int64{}
	return listen(t, &hybrid.Connector{Listener: counted{ln, writes}}), writes
}

func TestStreamWrites(t *testing.T) {
	for name, tt := range map[string]struct {
		sizes  []int
		writes int64
	}{
		"nothing":                 {nil, 0},
		"one package":             {[]int{10}, 1},
		"a batch":                 {[]int{10, 0, 500, 10000}, 1},
		"a batch as large as may": {[]int{batchSize / 2, batchSize / 2}, 1},
		"one byte more":           {[]int{batchSize / 2, batchSize/2 + 1}, 2},
		"a long package between":  {[]int{10, batchSize + 1, 10, 10}, 4},
	} {
		t.Run(name, func(t *testing.T) {
			l, writes := listenCounted(t)
			client, server := dialStream(t, l)
			var want []byte
			var packages net.Buffers
			for i, n := range tt.sizes {
				p := bytes.Repeat([]byte{byte('a' + i)}, n)
				packages, want = append(packages, p), append(want, p...)
			}
			if err := server.Write(packages); err != nil {
				t.Fatal(err)
			}
			got := make([]byte, len(want))
			if _, err := io.ReadFull(client, got); err != nil || !bytes.Equal(got, want) {
				t.Errorf("got other bytes, or %v", err)
			}
			if n := writes.Load(); n != tt.writes {
				t.Errorf("%d writes, want %d", n, tt.writes)
			}
			if n := taken(server); n != uint64(len(want)) {
				t.Errorf("%d bytes taken, want %d", n, len(want))
			}
			for i, n := range tt.sizes {
				if len(packages[i]) != n {
					t.Errorf("package %d was changed", i)
				}
			}
		})
	}
}

const batchSize = 16 << 10

func TestGivenConnectionsWithoutHalfClose(t *testing.T) {
	ln, clients := newPipes(1)
	client := clients[0]
	l := listen(t, &hybrid.Connector{Listener: ln})
	go func() { _, _ = io.WriteString(client, heartbeat+data(700)) }() // longer than one portable read
	server := accept(t, l)
	wantFrames(t, server, heartbeat, data(700))
	server.Close(connectors.Reason{})
	if b, err := io.ReadAll(client); err != nil || len(b) > 0 {
		t.Errorf("client got %q, %v", b, err)
	}
}
