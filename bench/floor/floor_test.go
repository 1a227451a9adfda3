package main

import (
	"encoding/json"
	"net"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/fairlead-go/fairlead/connectors/client"
	"github.com/fairlead-go/fairlead/internal/leak"
)

func TestMain(m *testing.M) { leak.Main(m) }

// A client that speaks with fairlead speaks with the floor: they do the same work.
func TestTheFloorServesOurClient(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := newRoom()
	var served sync.WaitGroup
	served.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			served.Go(func() { stream(r, c) })
		}
	})
	defer served.Wait()
	defer l.Close()
	web := httptest.NewServer(upgrading(r))
	defer web.Close()
	for _, addr := range []string{"tcp://" + l.Addr().String(), strings.Replace(web.URL, "http:", "ws:", 1) + "/"} {
		t.Run(addr[:3], func(t *testing.T) { talks(t, addr) })
	}
}

func talks(t *testing.T, addr string) {
	said := make(chan string, 1)
	c, err := client.Dial(t.Context(), client.Config{Addr: addr, Push: func(route string, body []byte) { said <- route + string(body) }})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, route := range []string{"lobby.echo", "lobby.join", "lobby.chat"} {
		body, err := c.Request(t.Context(), route, json.RawMessage(`{"a":1}`))
		if err != nil || string(body) != `{"a":1}` {
			t.Errorf("%s answered %s and %v", route, body, err)
		}
	}
	if got := <-said; got != `onChat{"a":1}` {
		t.Errorf("pushed %q", got)
	}
}
