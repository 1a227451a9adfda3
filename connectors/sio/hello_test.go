package sio_test

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/sio"
)

// What the handshake hook is told is JSON, whatever a client says (P17.4).
func TestWhatTheHookIsTold(t *testing.T) {
	bubble(t, &sio.Connector{}, func(r *rig) {
		var told []byte
		r.told = func(h *connectors.Hello) { told = h.Raw }
		c := &client{rig: r, query: "EIO=4&token=a%22%5C%00%FF%C3%A9&list=1&list=2"}
		req, err := http.NewRequestWithContext(context.WithoutCancel(r.Context()), "GET", c.url("http", sio.Polling), nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Odd", `say "hi"`)
		resp, err := r.http.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		var b [500]byte
		n, _ := resp.Body.Read(b[:])
		resp.Body.Close()
		c.sid = sidOf(string(b[:n]))
		c.post(`40{"token":"gold"}`)
		s := <-r.sessions
		var got struct {
			Transport, Namespace string
			Auth                 map[string]string
			Query, Headers       map[string]string
		}
		if err := json.Unmarshal(told, &got); err != nil {
			t.Fatalf("%s: %v", told, err)
		}
		want := map[string]string{"EIO": "4", "transport": "polling", "token": "a\"\\\x00\uFFFDé", "list": "1, 2"}
		if !maps.Equal(got.Query, want) || got.Auth["token"] != "gold" || got.Namespace != "/" || got.Transport != "polling" || got.Headers["x-odd"] != `say "hi"` {
			t.Errorf("told %s", told)
		}
		s.Close(connectors.Reason{})
		time.Sleep(time.Second)
	})
}
