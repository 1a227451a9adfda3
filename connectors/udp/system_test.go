package udp_test

import (
	"context"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/client"
	"github.com/fairlead-go/fairlead/connectors/udp"
)

// TestTheSystemsSockets: of both families, and what one write makes several datagrams of.
func TestTheSystemsSockets(t *testing.T) {
	for name, tt := range map[string]struct{ listen, dial string }{
		"IPv4":           {"127.0.0.1:0", "127.0.0.1"},
		"IPv6":           {"[::1]:0", "[::1]"},
		"IPv4 over both": {":0", "127.0.0.1"},
		"IPv6 over both": {":0", "[::1]"},
	} {
		t.Run(name, func(t *testing.T) {
			c := &udp.Connector{Addr: tt.listen}
			listeners, err := c.Listen(t.Context())
			if err != nil {
				t.Skipf("no such address here: %v", err)
			}
			listeners[0].Close()
			r := startOn(t, &udp.Connector{Addr: tt.listen})
			defer r.stop()
			_, port, _ := net.SplitHostPort(r.listener.Addr().String())
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			pushes := make(chan int, 10)
			far, err := client.Dial(ctx, client.Config{
				Addr: "udp://" + tt.dial + ":" + port,
				Push: func(_ string, body []byte) { pushes <- len(body) },
			})
			if err != nil {
				t.Fatal(err)
			}
			defer far.Close()
			if got, err := far.Request(ctx, "r", 7); err != nil || string(got) != "7" {
				t.Errorf("answer = %s, %v, want 7", got, err)
			}
			push := func(n int) []byte { return []byte(pkg(4, "\x06\x01r"+strings.Repeat("1", n))) }
			s := <-r.sessions
			if err := s.Write(net.Buffers{push(1000), push(999), push(30000), push(1)}); err != nil {
				t.Fatal(err)
			}
			var got []int
			for range 4 {
				got = append(got, <-pushes)
			}
			if want := []int{1000, 999, 30000, 1}; !slices.Equal(got, want) {
				t.Errorf("pushes of %d bytes, want %d", got, want)
			}
			s.end(connectors.Reason{})
		})
	}
}

func TestAPlaceInUseIsAnError(t *testing.T) {
	taken, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, err = (&udp.Connector{ID: "game", Addr: taken.LocalAddr().String()}).Listen(t.Context())
	if err == nil || !strings.HasPrefix(err.Error(), "game: ") {
		t.Errorf("err = %v, want one of game's", err)
	}
}

func TestAnAnswerIsNotGivenAgainForEver(t *testing.T) {
	bubble(t, &udp.Connector{}, func(r *rig) {
		p := r.net.join(host(1))
		c := r.cookie(p)
		first := r.net.to(p.addr)
		for range 50 {
			p.say(withCookie(c, 80))
			synctest.Wait()
		}
		if got, want := r.net.to(p.addr)-first, 9*len(<-p.in); got != want {
			t.Errorf("%d bytes, want %d: an answer and eight more", got, want)
		}
	})
}
