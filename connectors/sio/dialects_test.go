package sio_test

import (
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/sio"
)

// What clients are told first, by version (P16.4).
func TestOpenPackets(t *testing.T) {
	for name, tt := range map[string]struct {
		query, want string
	}{
		"4": {"EIO=4", `0{"sid":"SID","upgrades":["websocket"],"pingInterval":3000,"pingTimeout":1500,"maxPayload":1000}`},
		"3": {"EIO=3", `99:0{"sid":"SID","upgrades":["websocket"],"pingInterval":3000,"pingTimeout":1500}`},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, impatient(), func(r *rig) {
				got := r.hit(hit{method: "GET", target: root + tt.query + "&transport=polling"}, "").body
				sid := sidOf(got)
				if got = strings.Replace(got, sid, "SID", 1); got != tt.want || len(sid) != 24 {
					t.Errorf("polled %q with a sid of %d characters, want %q and 24", got, len(sid), tt.want)
				}
			})
			bubble(t, impatient(), func(r *rig) {
				ws := (&client{rig: r, query: tt.query}).dial()
				got := ws.read()
				want := strings.Replace(tt.want[strings.Index(tt.want, "0{"):], `"websocket"`, "", 1)
				if got = strings.Replace(got, sidOf(got), "SID", 1); got != want {
					t.Errorf("read %q, want %q", got, want)
				}
			})
		})
	}
}

// impatient is a Connector whose numbers are none of the defaults.
func impatient() *sio.Connector {
	return &sio.Connector{PingInterval: 3 * time.Second, PingTimeout: 1500 * time.Millisecond, MaxPayload: 1000}
}

// Old clients are in without asking: what lets them in comes behind the open packet (P17.3).
func TestOldClientsAreLetIn(t *testing.T) {
	byHand(t, &sio.Connector{}, func(r *rig) {
		opened := make(chan *client)
		go func() { opened <- r.open("EIO=3&b64=1") }()
		conn, err := r.listener.Accept()
		if err != nil {
			t.Fatal(err)
		}
		var step connectors.Step
		p := r.connector.Protocol(conn)
		p.Open(&step, time.Now())
		p.Welcome(&step, nil, nil, time.Now())
		c := <-opened
		conn.Write(net.Buffers{step.Send})
		if _, got := c.get(); got != "2:40" {
			t.Errorf("polled %q, want that it is in", got)
		}
		conn.Close(connectors.Reason{})
	})
}

// Old clients encode text in payloads once or twice, and the first text that can tell decides (P16.10).
func TestDialectsOfOldClients(t *testing.T) {
	const (
		once  = `7:42["é"]` // seven UTF-16 units
		twice = `8:42["Ã©"]`
		wide  = `7:42["語"]` // cannot be the bytes of anything
		pair  = `8:42["😀"]`
	)
	for name, tt := range map[string]struct {
		posts []string
		want  string
		last  int // status of the last
	}{
		"2.x":                          {[]string{once}, `2["é"]`, 200},
		"1.x":                          {[]string{twice}, `2["é"]`, 200},
		"2.x, for good":                {[]string{wide, twice}, `2["語"] 2["Ã©"]`, 200},
		"1.x, for good":                {[]string{twice, wide}, `2["é"]`, 400},
		"1.x, for good, in one body":   {[]string{twice + once}, `2["é"]`, 400},
		"ASCII does not tell":          {[]string{`7:42["e"]`, twice}, `2["e"] 2["é"]`, 200},
		"a pair counts as two":         {[]string{pair + once}, `2["😀"] 2["é"]`, 200},
		"a length that counts bytes":   {[]string{`8:42["é"]`}, "", 400},
		"a length amid a pair":         {[]string{`5:42["😀"]`}, "", 400},
		"no length":                    {[]string{`42["e"]`}, "", 400},
		"an empty body":                {[]string{""}, "", 400},
		"what follows is not a packet": {[]string{`7:42["e"]x`}, `2["e"]`, 400},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, &sio.Connector{}, func(r *rig) {
				c, s := r.polling("EIO=3&b64=1")
				status := 0
				for _, body := range tt.posts {
					status, _ = c.post(body)
				}
				if got := s.heard(); got != tt.want || status != tt.last {
					t.Errorf("heard %q and answered %d, want %q and %d", got, status, tt.want, tt.last)
				}
				if err := s.end(); (tt.last == 400) != errors.Is(err, connectors.ErrMalformed) {
					t.Errorf("ended with %v", err)
				}
				s.Close(connectors.Reason{})
			})
		})
	}
}

// It is the codec that writes ASCII for old clients; here text is counted and passed on (P16.10).
func TestTextForOldClientsIsLeftAlone(t *testing.T) {
	bubble(t, &sio.Connector{}, func(r *rig) {
		c, s := r.polling("EIO=3&b64=1")
		s.say(`2["é😀"]`, `2["\u00e9"]`)
		if _, got := c.get(); got != `9:42["é😀"]12:42["\u00e9"]` {
			t.Errorf("polled %q", got)
		}
		s.Close(connectors.Reason{})
	})
}
