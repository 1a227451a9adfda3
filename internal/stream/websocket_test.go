package stream_test

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/fairlead-go/fairlead/connectors"
	wire "github.com/fairlead-go/fairlead/connectors/wire/websocket"
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

// The larger limit that comes with a message holds for what is right behind it, in the same segment (P3.5).
func TestTheLimitIsAskedForWhenAMessageIsDue(t *testing.T) {
	client, server := open(t, stream.Options{Limit: 10})
	for _, size := range []int{11, 3000, 100_000} {
		server.SetReadLimit(10)
		go func() {
			b := append(head(websocket.BinaryMessage, 3), "ack"...)
			b = append(append(b, head(websocket.BinaryMessage, size)...), make([]byte, size)...)
			_, _ = client.UnderlyingConn().Write(b)
		}()
		frames, err := server.ReadFrames()
		if err != nil || len(frames) != 1 || string(frames[0].Data) != "ack" {
			t.Fatalf("frames = %v, %v, want the ack alone", frames, err)
		}
		server.SetReadLimit(size)
		if frames, err = server.ReadFrames(); err != nil || len(frames) != 1 || len(frames[0].Data) != size {
			t.Fatalf("%d frames, %v, want one of %d bytes", len(frames), err, size)
		}
	}
}

// head is the head of a client's frame, masked with zeroes.
func head(opcode byte, size int) []byte {
	b := wire.AppendHead(nil, opcode, size)
	b[1] |= 0x80
	return append(b, 0, 0, 0, 0)
}

func TestHowManyMessagesComeAtOnce(t *testing.T) {
	client, server := open(t, stream.Options{})
	go func() {
		_, _ = client.UnderlyingConn().Write(bytes.Repeat(append(head(websocket.TextMessage, 1), 'x'), 100))
	}()
	for got := 0; got < 100; {
		frames, err := server.ReadFrames()
		if err != nil || len(frames) == 0 || len(frames) > 32 {
			t.Fatalf("%d frames, %v, want 1 to 32", len(frames), err)
		}
		for _, f := range frames {
			if string(f.Data) != "x" {
				t.Fatalf("frame %q", f.Data)
			}
		}
		got += len(frames)
	}
}

// A client that closes hears its own code, and nothing else.
func TestNoFarewellToWhoHasClosed(t *testing.T) {
	client, server := open(t, stream.Options{})
	if err := client.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(4001, "bye"), time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if _, err := server.ReadFrames(); err != io.EOF {
		t.Errorf("ended with %v, want EOF", err)
	}
	server.Close([]byte("\x81\x03bye"), connectors.Reason{Text: "why"})
	if kind, _, err := client.ReadMessage(); !websocket.IsCloseError(err, 4001) {
		t.Errorf("got kind %d, %v, want close 4001", kind, err)
	}
}

func TestNothingIsInterjectedBehindTheEnd(t *testing.T) {
	_, server := open(t, stream.Options{})
	server.Close(nil, connectors.Reason{})
	if err := server.Interject([]byte("\x81\x02hi")); err != net.ErrClosed {
		t.Errorf("Interject = %v, want net.ErrClosed", err)
	}
	if taken, _ := server.TryWrite([]byte("\x81\x02hi")); taken {
		t.Error("taken after Close")
	}
	if _, err := server.ReadFrames(); err != net.ErrClosed {
		t.Errorf("ReadFrames = %v, want net.ErrClosed", err)
	}
}

func TestRefusals(t *testing.T) {
	u, err := stream.NewUpgrader(nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		change func(http.Header)
		want   int
	}{
		"no upgrade":         {func(h http.Header) { h.Del("Upgrade") }, http.StatusBadRequest},
		"another version":    {func(h http.Header) { h.Set("Sec-Websocket-Version", "8") }, http.StatusBadRequest},
		"no key":             {func(h http.Header) { h.Del("Sec-Websocket-Key") }, http.StatusBadRequest},
		"another page":       {func(h http.Header) { h.Set("Origin", "https://evil.example") }, http.StatusForbidden},
		"not to be hijacked": {func(http.Header) {}, http.StatusInternalServerError},
	} {
		r := httptest.NewRequest(http.MethodGet, "http://game.example/", nil)
		r.Header = http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="}}
		tt.change(r.Header)
		w := httptest.NewRecorder()
		s, err := u.Upgrade(w, r, stream.Options{})
		if s != nil || err == nil || w.Code != tt.want || w.Header().Get("Connection") != "close" {
			t.Errorf("%s: %v, %v, status %d, want %d", name, s, err, w.Code, tt.want)
		}
	}
}
