package hybrid_test

import (
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/hybrid"
)

// pipes is a listener that brings the other ends of pipes.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
}

// newPipes makes a listener and n clients that it brings.
func newPipes(n int) (*pipes, []net.Conn) {
	l := &pipes{conns: make(chan net.Conn, n), done: make(chan struct{})}
	var clients []net.Conn
	for range n {
		client, server := net.Pipe()
		clients = append(clients, client)
		l.conns <- server
	}
	return l, clients
}

func (l *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *pipes) Close() error   { close(l.done); return nil }
func (l *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipes", Net: "pipe"} }

// turn is what a client sends, after how long.
type turn struct {
	after time.Duration
	send  string
}

// TestPackageTime runs in virtual time: a package begun has 10 s from its first
// byte on, however it trickles, and a client at rest has for ever.
func TestPackageTime(t *testing.T) {
	for name, tt := range map[string]struct {
		upgrade bool
		turns   []turn
		frames  int
		stalls  time.Duration // after the last frame, or zero when the client ends
	}{
		"a rest between packages":      {turns: []turn{{0, heartbeat}, {time.Hour, heartbeat}, {time.Hour, heartbeat}}, frames: 3},
		"in time":                      {turns: []turn{{0, data(3)[:5]}, {9999 * time.Millisecond, data(3)[5:]}, {time.Hour, heartbeat}}, frames: 2},
		"too late":                     {turns: []turn{{0, heartbeat + data(3)[:5]}}, frames: 1, stalls: 10 * time.Second},
		"trickling":                    {turns: []turn{{0, heartbeat}, {time.Hour, "\x04"}, {4 * time.Second, "\x00"}, {4 * time.Second, "\x00"}}, frames: 1, stalls: time.Hour + 10*time.Second},
		"messages: a rest between":     {upgrade: true, turns: []turn{{0, masked(whole, heartbeat)}, {time.Hour, masked(whole, heartbeat)}}, frames: 2},
		"messages: a rest behind ping": {upgrade: true, turns: []turn{{0, masked(ping, "")}, {time.Hour, masked(ping, "") + masked(pong, "")}, {time.Hour, masked(whole, heartbeat)}}, frames: 1},
		"messages: too late":           {upgrade: true, turns: []turn{{0, masked(whole, heartbeat)}, {time.Hour, masked(binary1, "x")}, {4 * time.Second, masked(more, "x")}, {4 * time.Second, masked(ping, "")}}, frames: 1, stalls: time.Hour + 10*time.Second},
		"messages: half a head":        {upgrade: true, turns: []turn{{0, masked(whole, heartbeat) + "\x82"}}, frames: 1, stalls: 10 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ln, clients := newPipes(1)
				l := listen(t, &hybrid.Connector{Listener: ln})
				played := make(chan struct{})
				go func() {
					play(clients[0], tt.upgrade, tt.turns)
					close(played)
				}()
				server := accept(t, l)
				for range tt.frames {
					if frames, err := server.ReadFrames(); err != nil || len(frames) != 1 {
						t.Fatalf("%d frames, %v, want one", len(frames), err)
					}
				}
				begin := time.Now()
				_, err := server.ReadFrames()
				switch stalled := errors.Is(err, connectors.ErrStalled); {
				case stalled != (tt.stalls > 0):
					t.Errorf("ended with %v", err)
				case stalled && time.Since(begin) != tt.stalls:
					t.Errorf("stalled after %v, want %v", time.Since(begin), tt.stalls)
				}
				server.Close(connectors.Reason{})
				_ = l.Close()
				<-played
			})
		})
	}
}

// play is the client, in the test's bubble: it takes its turns, reading all the
// while, and hangs up long after.
func play(c net.Conn, upgrade bool, turns []turn) {
	if upgrade {
		_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")
		_, _ = c.Read(make([]byte, 1000))
	}
	go func() { _, _ = io.Copy(io.Discard, c) }()
	for _, turn := range turns {
		time.Sleep(turn.after)
		_, _ = io.WriteString(c, turn.send)
	}
	time.Sleep(time.Hour)
	_ = c.Close()
}
