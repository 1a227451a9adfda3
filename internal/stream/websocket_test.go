package stream_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/internal/stream"
	"github.com/fairlead-go/fairlead/messages"
)

// patience is how long a test waits for what must come.
const patience = 10 * time.Second

// open makes both ends of a WebSocket.
func open(t testing.TB, o stream.Options) (*websocket.Conn, *stream.WebSocket) {
	t.Helper()
	u, err := stream.NewUpgrader(nil)
	if err != nil {
		t.Fatal(err)
	}
	made := make(chan *stream.WebSocket, 1)
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, _ := u.Upgrade(w, r, o)
		made <- s
	}))
	t.Cleanup(h.Close)
	client, _, err := websocket.DefaultDialer.Dial("ws://"+h.Listener.Addr().String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	server := <-made
	t.Cleanup(func() {
		server.Close(nil, connectors.Reason{})
		_ = client.Close()
	})
	_ = client.SetReadDeadline(time.Now().Add(patience))
	return client, server
}

func TestEmptyTextsAreMessages(t *testing.T) {
	client, server := open(t, stream.Options{})
	if err := client.WriteMessage(websocket.TextMessage, nil); err != nil {
		t.Fatal(err)
	}
	frames, err := server.ReadFrames()
	if err != nil || len(frames) != 1 || !frames[0].Text || len(frames[0].Data) != 0 {
		t.Errorf("frames = %+v, %v, want an empty text", frames, err)
	}
}

func TestAFarewellGoesAheadOfTheCloseFrame(t *testing.T) {
	client, server := open(t, stream.Options{})
	farewell := []byte("\x81\x03bye\x81\x05again")
	server.Close(farewell, connectors.Reason{Cause: messages.CauseDraining})
	for _, want := range []string{"bye", "again"} {
		if _, b, err := client.ReadMessage(); err != nil || string(b) != want {
			t.Fatalf("got %q, %v, want %q", b, err, want)
		}
	}
	if _, _, err := client.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseServiceRestart) {
		t.Errorf("ended with %v, want close 1012", err)
	}
	if string(farewell) != "\x81\x03bye\x81\x05again" {
		t.Errorf("the farewell was changed to %q", farewell)
	}
}

// Whoever interjects waits for a write under way, and cuts nothing in two.
func TestInterjectingBetweenWrites(t *testing.T) {
	client, server := open(t, stream.Options{})
	const rounds = 100
	done := make(chan error, 2)
	for _, say := range []func() error{
		func() error { return server.Write(append([]byte("\x82\x7e\x80\x00"), make([]byte, 0x8000)...)) },
		func() error { return server.Interject([]byte("\x81\x02hi")) },
	} {
		go func() {
			for range rounds {
				if err := say(); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for range 2 * rounds {
		kind, b, err := client.ReadMessage()
		if err != nil || len(b) != map[int]int{websocket.BinaryMessage: 0x8000, websocket.TextMessage: 2}[kind] {
			t.Fatalf("kind %d, %d bytes, %v", kind, len(b), err)
		}
	}
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if taken, stalled := server.Progress(); taken < rounds*(4+0x8000+4) || !stalled.IsZero() {
		t.Errorf("progress = %d, %v", taken, stalled)
	}
}

func TestAllow(t *testing.T) {
	u, err := stream.NewUpgrader([]string{"game.example"})
	if err != nil {
		t.Fatal(err)
	}
	for origin, want := range map[string]bool{"": true, "https://game.example": true, "https://evil.example": false} {
		r := httptest.NewRequest(http.MethodPost, "http://game.example/", nil)
		if origin != "" {
			r.Header.Set("Origin", origin)
		}
		if got := u.Allow(r); got != want {
			t.Errorf("a page of %q may connect: %v, want %v", origin, got, want)
		}
	}
}

// lines cuts lines out of a stream, one a call.
type lines struct {
	begun []byte
	whole []byte
}

func (l *lines) Cut(b []byte, dst []connectors.Frame) ([]connectors.Frame, []byte, error) {
	for i, c := range b {
		if c == '\n' {
			l.whole, l.begun = append(l.begun, b[:i]...), nil
			return append(dst, connectors.Frame{Data: l.whole}), b[i+1:], nil
		}
	}
	l.begun = append(l.begun, b...)
	return dst, nil, nil
}

func (l *lines) Pending() bool { return l.begun != nil }
func (l *lines) Rest()         { l.whole = nil }

func TestAWireLeavesARestToItsCutter(t *testing.T) {
	client, server := net.Pipe()
	w := &stream.Wire{}
	w.Init(server, time.Second)
	go func() {
		_, _ = io.WriteString(client, "one\ntwo\nthr")
		_, _ = io.WriteString(client, "ee\n")
		_ = client.Close()
	}()
	cut := &lines{}
	for _, want := range []string{"one", "two", "three"} {
		frames, err := w.ReadFrames(cut)
		if err != nil || len(frames) != 1 || string(frames[0].Data) != want {
			t.Fatalf("frames = %v, %v, want %q", frames, err, want)
		}
	}
	if _, err := w.ReadFrames(cut); err != io.EOF {
		t.Errorf("ended with %v, want EOF", err)
	}
	w.Close(nil)
}
