package supervisor_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/memory"
	"github.com/fairlead-go/fairlead/connectors/port"
	"github.com/fairlead-go/fairlead/connectors/sio"
	"github.com/fairlead-go/fairlead/supervisor"
)

// A Stop waits for clients that poll: they may be between two polls, and are to learn of it.
func TestAStopIsNotOverBeforePollingClientsHaveHeardOfIt(t *testing.T) {
	for name, comes := range map[string]bool{"one that comes for the rest": true, "one that does not": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				place := memory.Listen("game")
				fl, err := supervisor.Start(quietSystem(), supervisor.Config{
					Connectors: []connectors.Source{&sio.Connector{Port: &port.Port{Listener: place}}},
				})
				if err != nil {
					t.Fatal(err)
				}
				c := newPoller(place)
				c.sid, _, _ = strings.Cut(strings.TrimPrefix(c.do("GET", ""), `0{"sid":"`), `"`)
				c.do("POST", "40")
				c.do("GET", "") // 40
				begin, last := time.Now(), ""
				stopped := make(chan struct{})
				go func() { fl.Stop(); close(stopped) }()
				if comes {
					time.Sleep(time.Second)
					last = c.do("GET", "")
				}
				<-stopped
				if took := time.Since(begin); took > 2*time.Second || comes && (took > 1100*time.Millisecond || !strings.Contains(last, "onKick") || !strings.HasSuffix(last, "\x1e1")) {
					t.Errorf("stopped after %v, and it was told %q", took, last)
				}
				if _, err := place.Dial(); !errors.Is(err, memory.ErrRefused) {
					t.Errorf("dialling after Stop: %v, want that nobody listens", err)
				}
				c.http.CloseIdleConnections()
			})
		})
	}
}

// poller is a socket.io client that polls.
type poller struct {
	http *http.Client
	sid  string
}

func newPoller(place *memory.Listener) *poller {
	return &poller{http: &http.Client{Transport: &http.Transport{
		DialContext: func(context.Context, string, string) (net.Conn, error) { return place.Dial() },
	}}}
}

func (p *poller) do(method, body string) string {
	r, err := http.NewRequest(method, "http://game/socket.io/?EIO=4&transport=polling&sid="+p.sid, strings.NewReader(body))
	if err != nil {
		return err.Error()
	}
	resp, err := p.http.Do(r)
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	return string(b)
}
