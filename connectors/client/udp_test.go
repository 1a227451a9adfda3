package client_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/connectors/client"
	"github.com/fairlead-go/fairlead/connectors/udp"
	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
)

// farDatagrams is a server that answers the nth datagram as answers say, and tells what came.
func farDatagrams(t *testing.T, answers ...string) (addr string, came <-chan string) {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	heard, done := make(chan string, 64), make(chan struct{})
	go func() {
		defer close(done)
		for b := make([]byte, 1<<16); ; {
			n, from, err := conn.ReadFrom(b)
			if err != nil {
				return
			}
			heard <- string(b[:n])
			if len(answers) > 0 {
				conn.WriteTo([]byte(answers[0]), from)
				answers = answers[1:]
			}
		}
	}()
	t.Cleanup(func() { conn.Close(); <-done })
	return "udp://" + conn.LocalAddr().String(), heard
}

func packed(t *testing.T, typ byte, body string) string {
	t.Helper()
	b, err := pomelo.Package{Type: typ, Body: []byte(body)}.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestOverUDPTheCookieIsGivenBack(t *testing.T) {
	addr, came := farDatagrams(t,
		string(pomelo.AppendChallenge(nil, "0123456789abcdefghijkl")),
		packed(t, pomelo.TypeHandshake, plain))
	c, err := client.Dial(t.Context(), client.Config{Addr: addr, Type: "x", Version: "1"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for i, want := range []string{"", "0123456789abcdefghijkl"} {
		hello := <-came
		got, there := pomelo.Cookie([]byte(hello[pomelo.HeaderLen:]))
		if !there || got != want {
			t.Errorf("handshake %d has the cookie %q, want %q", i, got, want)
		}
		if len(hello) < 58 {
			t.Errorf("handshake %d has %d bytes, too few to be answered", i, len(hello))
		}
	}
	if got, want := <-came, packed(t, pomelo.TypeAck, ""); got != want {
		t.Errorf("then came %q, want the ack", got)
	}
}

func TestOverUDPAServerThatTakesNoCookieIsGivenUp(t *testing.T) {
	var answers []string
	for range 20 {
		answers = append(answers, string(pomelo.AppendChallenge(nil, "0123456789abcdefghijkl")))
	}
	addr, _ := farDatagrams(t, answers...)
	if _, err := client.Dial(t.Context(), client.Config{Addr: addr}); !errors.Is(err, client.ErrCookies) {
		t.Errorf("err = %v, want ErrCookies", err)
	}
}

func TestOverUDPASilentServerIsAskedAgain(t *testing.T) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if _, err := client.Dial(ctx, client.Config{Addr: "udp://" + conn.LocalAddr().String()}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("err = %v, want the context's", err)
	}
	conn.SetReadDeadline(time.Now().Add(time.Second)) // they are there already
	for i := range 2 {
		if _, _, err := conn.ReadFrom(make([]byte, 1000)); err != nil {
			t.Errorf("asked %d times, want 2", i)
			break
		}
	}
}

func TestOverUDPWhatNoDatagramTakesIsRefused(t *testing.T) {
	addr, _ := farDatagrams(t, packed(t, pomelo.TypeHandshake, plain))
	c, err := client.Dial(t.Context(), client.Config{Addr: addr})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	const head = 4 + 1 + 1 // of a notify on a route of one letter, which has its own
	for n, want := range map[int]error{udp.MaxDatagram - head - 1: nil, udp.MaxDatagram - head: client.ErrTooLong} {
		if err := c.Notify("r", []byte(strings.Repeat("1", n))); !errors.Is(err, want) {
			t.Errorf("a body of %d bytes: %v, want %v", n, err, want)
		}
	}
}
