package websocket_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	gorilla "github.com/gorilla/websocket"
	"pgregory.net/rapid"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/websocket"
)

// However it is segmented, the same is heard; and gorilla/websocket hears it too.
func FuzzReader(f *testing.F) {
	for _, s := range []string{
		frame(bin, "hello") + frame(text, "x") + frame(ping, ""),
		frame(textPart, "he") + frame(ping, "?") + frame(more, "") + frame(last, "llo") + frame(closing, "\x03\xe8bye"),
		frame(bin, string(make([]byte, 126))), frame(bin, string(make([]byte, 300))) + frame(pong, "!"),
		frame(closing, "\x03"), frame(closing, "\x03\xe8\xff"), frame(closing, ""),
		"\x82\xfe\x00\x7d", "\x82\xff\x80\x00\x00\x00\x00\x00\x00\x00", "\xc2\x80", "\x83\x80", "\x82\x01x", "\x09\x80", "\x82",
	} {
		f.Add([]byte(s), uint8(3))
	}
	f.Fuzz(func(t *testing.T, sent []byte, size uint8) {
		want, wantErr := hear(fuzzLimit, string(sent), len(sent))
		got, err := hear(fuzzLimit, string(sent), int(size)+1)
		if !slices.Equal(got, want) || !errors.Is(err, wantErr) {
			t.Fatalf("in pieces of %d: %q, %v, want %q, %v", int(size)+1, got, err, want, wantErr)
		}
		compare(t, string(sent))
	})
}

const fuzzLimit = 200

// What clients say in good order, and a little that is not, is heard as gorilla/websocket hears it.
func TestReaderHearsWhatGorillaHears(t *testing.T) {
	firsts := rapid.SampledFrom([]string{more, last, last, textPart, binPart, text, bin, ping, pong, closing, "\xc1", "\x83", partPing})
	payload := rapid.OneOf(rapid.StringN(0, 20, 20), rapid.Just("\x03\xe8bye"), rapid.StringN(100, 150, 150))
	rapid.Check(t, func(t *rapid.T) {
		var sent string
		for range rapid.IntRange(0, 8).Draw(t, "frames") {
			sent += frame(firsts.Draw(t, "first"), payload.Draw(t, "payload"))
		}
		compare(t, sent[:rapid.IntRange(0, len(sent)).Draw(t, "of them")])
	})
}

// compare lets gorilla/websocket hear the same. It allows sizes that are not of the shortest form, half a
// code to close with, and 1014, which is younger.
func compare(t rapid.TB, sent string) {
	t.Helper()
	got, err := hear(fuzzLimit, sent, len(sent))
	if errors.Is(err, websocket.ErrLength) || errors.Is(err, websocket.ErrCloseLength) {
		return
	}
	if n := len(got); n > 0 && got[n-1] == "and something begun" {
		got = got[:n-1]
	}
	for i, s := range got {
		if s[0] == '8' {
			got, err = got[:i+1], nil // the end
			if websocket.CloseCode([]byte(s[2:])) == websocket.CloseBadGateway {
				return
			}
			break
		}
	}
	want, wantErr := hearGorilla(t, sent)
	if !slices.Equal(got, want) {
		t.Fatalf("%q: heard %q, gorilla %q", sent, got, want)
	}
	tooLarge, malformed := errors.Is(err, connectors.ErrTooLarge), errors.Is(err, connectors.ErrMalformed)
	if tooLarge != errors.Is(wantErr, gorilla.ErrReadLimit) || malformed && wantErr == nil {
		t.Fatalf("%q: error %v, gorilla's %v", sent, err, wantErr)
	}
	if wantErr == nil && err != nil {
		t.Fatalf("%q: error %v, gorilla has none", sent, err)
	}
}

// hearGorilla is hear by gorilla/websocket. There is no error where the bytes just end.
func hearGorilla(t rapid.TB, sent string) (all said, err error) {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	for k, v := range map[string]string{
		"Connection": "upgrade", "Upgrade": "websocket", "Sec-Websocket-Version": "13", "Sec-Websocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
	} {
		r.Header.Set(k, v)
	}
	c, err := (&gorilla.Upgrader{}).Upgrade(deaf{httptest.NewRecorder(), bytes.NewReader([]byte(sent))}, r, nil)
	if err != nil {
		t.Fatal(err)
	}
	note := func(opcode int, data string) { all = append(all, fmt.Sprintf("%x %s", opcode, data)) }
	c.SetReadLimit(fuzzLimit)
	c.SetPingHandler(func(s string) error { note(websocket.Ping, s); return nil })
	c.SetPongHandler(func(s string) error { note(websocket.Pong, s); return nil })
	c.SetCloseHandler(func(code int, s string) error {
		if code != websocket.CloseNoCode {
			s = string([]byte{byte(code >> 8), byte(code)}) + s
		}
		note(websocket.Close, s)
		return nil
	})
	for {
		kind, b, err := c.ReadMessage()
		var closed *gorilla.CloseError
		switch {
		case err == nil:
			note(kind, string(b))
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &closed):
			return all, nil
		default:
			return all, err
		}
	}
}

// deaf is a client that has sent all and hears nothing.
type deaf struct {
	*httptest.ResponseRecorder
	sent io.Reader
}

func (d deaf) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return d, bufio.NewReadWriter(bufio.NewReader(d), bufio.NewWriter(d)), nil
}

func (d deaf) Read(p []byte) (int, error)     { return d.sent.Read(p) }
func (deaf) Write(p []byte) (int, error)      { return len(p), nil }
func (deaf) Close() error                     { return nil }
func (deaf) LocalAddr() net.Addr              { return nil }
func (deaf) RemoteAddr() net.Addr             { return nil }
func (deaf) SetDeadline(time.Time) error      { return nil }
func (deaf) SetReadDeadline(time.Time) error  { return nil }
func (deaf) SetWriteDeadline(time.Time) error { return nil }
