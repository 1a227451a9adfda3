package interop_test

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/connectors/admit"
	"github.com/fairlead-go/fairlead/connectors/memory"
	"github.com/fairlead-go/fairlead/connectors/sio"
	"github.com/fairlead-go/fairlead/connectors/wire/socketio"
	"github.com/fairlead-go/fairlead/supervisor"
)

// sioProfiles are the options that the recorded server ran with, each with the name
// that the transcripts know it by.
var sioProfiles = map[string]configureSIO{
	"sio":             pomeloOnly,
	"fatalSio":        pomeloOnly,
	"sioCustom":       pomeloOnly, // there are no schemas here, nor a dictionary
	"sioStock":        func(c *sio.Connector, _ *supervisor.Config) { c.Modes = []socketio.Mode{socketio.Pomelo} },
	"sioNoTransports": pomeloOnly,
	"sioPing": func(c *sio.Connector, cfg *supervisor.Config) {
		pomeloOnly(c, cfg)
		c.PingInterval, c.PingTimeout = 500*time.Millisecond, time.Second
	},
	"sioBuffer": func(c *sio.Connector, cfg *supervisor.Config) {
		pomeloOnly(c, cfg)
		c.Tick = 20 * time.Millisecond
	},
	"sioBlack": func(c *sio.Connector, cfg *supervisor.Config) {
		pomeloOnly(c, cfg)
		c.Port.Admit.Filter = admit.NewFilter(admit.Rules{Deny: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}})
	},
}

func pomeloOnly(c *sio.Connector, _ *supervisor.Config) {
	c.Modes = []socketio.Mode{socketio.Pomelo}
	c.PingInterval, c.PingTimeout = 25*time.Second, 60*time.Second
}

// TestSocketIOTranscripts plays every recorded session against a server of ours
// with the same options, but for that of the real client.
func TestSocketIOTranscripts(t *testing.T) {
	for _, tr := range readSIO(t) {
		if tr.Name == realClient {
			continue // TestTheRecordedSocketIOClient plays it
		}
		t.Run(tr.Name, func(t *testing.T) {
			inBubble(t, sioProfiles[tr.Profile], func(t *testing.T, place *memory.Listener) {
				steps := tr.Steps
				change, changed := sioInstead[tr.Name]
				if changed {
					steps = change.of(steps)
				}
				p := &sioPlayer{t: t, client: newEngineClient(t, place, 3)}
				p.play(steps)
				if t.Failed() {
					t.Logf("%s [%s] %s Ours: %s%s", tr.Name, tr.Profile, tr.Comment, tr.Hardened, change.clause)
				}
				if changed && tr.Profile != "sioBlack" { // other clients are still served
					next := &sioPlayer{t: t, client: newEngineClient(t, place, 3)}
					next.dial()
					next.next() // the open packet
					next.next() // "40"
					next.play(sioAlive(1))
				}
			})
		})
	}
}

// sioPlayer plays the client's part of a transcript and checks the server's.
type sioPlayer struct {
	t      *testing.T
	client *engineClient
	socket *engineSocket
	resp   *http.Response // to the upgrade
	in     chan string    // messages, last the end
	items  []sioItem      // came with others, before their turn
	last   time.Time      // of the step before
}

func (p *sioPlayer) play(steps []sioStep) {
	p.t.Helper()
	if first := steps[0]; first.HTTP == "" && !first.away && p.socket == nil {
		p.dial()
	}
	p.last = time.Now()
	for i, s := range steps {
		if p.t.Failed() {
			return
		}
		p.do(s)
		if p.t.Failed() {
			p.t.Logf("in step %d", i+1)
		}
	}
	if steps[len(steps)-1].RecvText == "41" { // P17.5: the recorded server left it at that
		p.ended(1000)
	}
}

func (p *sioPlayer) dial() {
	p.t.Helper()
	conn, resp, err := p.client.upgrade(p.client.query(sio.WebSocket))
	if err != nil {
		p.t.Fatal(err)
	}
	p.socket, p.resp, p.in = &engineSocket{p.t, conn}, resp, make(chan string, 64)
	go func() {
		for {
			text := p.socket.next()
			p.in <- text
			if strings.HasPrefix(text, theEnd) {
				return
			}
		}
	}()
}

func (p *sioPlayer) do(s sioStep) {
	p.t.Helper()
	switch {
	case s.away:
		if _, _, err := p.client.upgrade(p.client.query(sio.WebSocket)); err == nil {
			p.t.Error("it may come in")
		}
	case s.HTTPRecv != "":
		p.upgraded(s.HTTPRecv)
	case s.SendText != nil:
		p.socket.sends(*s.SendText)
		p.last = time.Now()
	case s.HTTP != "":
		p.request(s)
	case s.RecvText != "":
		p.sees(itemsOf(s.RecvText))
	case s.SilenceMS > 0:
		p.silence(time.Duration(s.SilenceMS) * time.Millisecond)
	case s.Op == opClose:
		p.ended(s.CloseCode)
		if d, want := time.Since(p.last), time.Duration(s.AfterMS)*time.Millisecond; want > 0 && d != want {
			p.t.Errorf("the end came after %v, want %v", d, want)
		}
	case s.ClosedBy != "" && p.socket != nil:
		p.ended(0)
	}
}

// upgraded compares what counts of the answer to the upgrade.
func (p *sioPlayer) upgraded(recorded string) {
	want, err := parseResponse(recorded)
	if err != nil || p.resp.StatusCode != want.StatusCode {
		p.t.Errorf("got %s, want %s (%v)", p.resp.Status, want.Status, err)
	}
}

// sees wants items, however the server gathers them.
func (p *sioPlayer) sees(want []sioItem) {
	p.t.Helper()
	for _, w := range want {
		for len(p.items) == 0 {
			p.items = itemsOf(p.next())
		}
		got := p.items[0]
		if p.items = p.items[1:]; !got.is(w) {
			p.t.Errorf("got %v, want %v", got, w)
			return
		}
	}
	p.last = time.Now()
}

func (p *sioPlayer) next() string {
	select {
	case text := <-p.in:
		return text
	case <-time.After(patience):
		return "nothing"
	}
}

// silence wants that nothing comes.
func (p *sioPlayer) silence(d time.Duration) {
	p.t.Helper()
	select {
	case text := <-p.in:
		p.t.Errorf("got %q, want silence for %v", text, d)
	case <-time.After(d):
	}
	p.last = time.Now()
}

// ended wants the end, with a close code unless that is zero. It may be asked for more than once.
func (p *sioPlayer) ended(code int) {
	p.t.Helper()
	text := p.next()
	if !strings.HasPrefix(text, theEnd) || code == 1000 && !strings.Contains(text, "close 1000 ") {
		p.t.Errorf("got %q, want the end with close code %d", text, code)
	}
	p.in <- text
}

// request is one of a client that polls. Its answers may be divided in another way.
func (p *sioPlayer) request(s sioStep) {
	p.t.Helper()
	if strings.HasPrefix(s.HTTP, http.MethodPost) {
		if got := p.client.post(s.SendBody); got.status != s.Status || got.typ != s.ContentType || got.body != s.RecvText {
			p.t.Errorf("got %v, want %d %s %q", got, s.Status, s.ContentType, s.RecvText)
		}
		return
	}
	var want []sioItem
	for _, packet := range unframed(s.RecvText) {
		want = append(want, itemsOf(packet)...)
	}
	for len(p.items) < len(want) {
		got := p.client.get()
		if got.status != s.Status || got.body == "" {
			p.t.Fatalf("got %v, want %d and %v", got, s.Status, want)
		}
		for rest := got.body; rest != ""; {
			var packet string
			packet, rest = cutText(rest)
			if p.client.sid == "" {
				p.client.sid = sidOf(p.t, packet)
			}
			p.items = append(p.items, itemsOf(packet)...)
		}
	}
	p.sees(want)
}

// unframed takes a payload in binary framing apart, as the transcript shows it: each packet behind bytes in angle
// brackets, of which the last is ff.
func unframed(recorded string) (packets []string) {
	for part := range strings.SplitSeq(recorded, "<00>") {
		if _, packet, ok := strings.Cut(part, "<ff>"); ok {
			packets = append(packets, packet)
		}
	}
	return packets
}
