package hybrid_test

import (
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/hybrid"
)

// clients is how many there are at once in these tests.
const clients = 50

// What clients send costs memory for what they send, never for what they announce: 1.1
// bytes allocated for each byte received, and 4 KiB for each client.
func TestMemoryFollowsWhatWasReceived(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector lets pools lose memory")
	}
	const (
		limit = 64<<10 + 4
		none  = "\x82\xff\x80\x00\x00\x00\x00\x00\x00\x00kkkk" // announces 2^63
		huge  = "\x82\xff\x40\x00\x00\x00\x00\x00\x00\x00kkkk" // announces 2^62
	)
	open := map[bool]func(testing.TB, connectors.Listener) (net.Conn, connectors.Conn){false: dialStream, true: rawWeb}
	for name, tt := range map[string]struct {
		web   bool
		limit int
		send  string
		piece int
	}{
		"16 MiB announced":                         {false, 16<<20 + 3, "\x04\xff\xff\xff" + strings.Repeat("x", 100), 1},
		"16 MiB announced, and half come":          {false, 16<<20 + 3, "\x04\xff\xff\xff" + strings.Repeat("x", 256<<10), 4000},
		"16 MiB announced over the limit":          {false, limit, "\x04\xff\xff\xff" + strings.Repeat("x", 100), 10},
		"a body that trickles":                     {false, limit, data(64 << 10), 300},
		"a body that is never complete":            {false, limit, data(64 << 10)[:64<<10], 300},
		"a body just begun":                        {false, limit, data(64 << 10)[:5], 1},
		"bodies that trickle":                      {false, limit, strings.Repeat(data(5000), 20), 700},
		"tiny packages":                            {false, limit, strings.Repeat(heartbeat, 20_000), 4000},
		"tiny packages, cut":                       {false, limit, strings.Repeat(heartbeat, 3000), 3},
		"small packages, cut":                      {false, limit, strings.Repeat(data(90), 300), 61},
		"frames: 2^63 announced":                   {true, limit, none + strings.Repeat("x", 100), 10},
		"frames: 2^62 announced":                   {true, limit, huge + strings.Repeat("x", 100), 10},
		"frames: a message that trickles":          {true, limit, masked(whole, data(60_000)), 300},
		"frames: a message that is never whole":    {true, limit, masked(whole, data(60_000))[:60_000], 300},
		"frames: messages that trickle":            {true, limit, strings.Repeat(masked(whole, data(5000)), 20), 700},
		"frames: tiny messages":                    {true, limit, strings.Repeat(masked(whole, heartbeat), 10_000), 4000},
		"frames: tiny messages, cut":               {true, limit, strings.Repeat(masked(whole, heartbeat), 1000), 7},
		"frames: empty texts":                      {true, limit, strings.Repeat(masked(text, ""), 10_000), 4000},
		"frames: empty messages":                   {true, limit, strings.Repeat(masked(whole, ""), 10_000), 4000},
		"frames: fragments":                        {true, limit, masked(binary1, "x") + strings.Repeat(masked(more, "x"), 10_000) + masked(last, "x"), 4000},
		"frames: empty fragments":                  {true, limit, masked(binary1, "x") + strings.Repeat(masked(more, ""), 10_000), 4000},
		"frames: fragments that are never a whole": {true, limit, masked(binary1, "x") + strings.Repeat(masked(more, strings.Repeat("x", 300)), 200), 300},
		"frames: pings":                            {true, limit, strings.Repeat(masked(ping, ""), 1000) + strings.Repeat(masked(ping, "12345678"), 1000), 4000},
		"frames: unasked pongs":                    {true, limit, strings.Repeat(masked(pong, "12345678"), 5000), 4000},
	} {
		t.Run(name, func(t *testing.T) {
			received := uint64(clients * len(tt.send))
			most := received*11/10 + clients*4<<10
			var allocated uint64
			for range 3 { // a collection between empties pools: that only adds
				if allocated = hostile(t, open[tt.web], tt.limit, pieces(tt.send, tt.piece)); allocated <= most {
					break
				}
			}
			t.Logf("%d bytes allocated, %d received: %.3f for each, %d for each client", allocated, received, float64(allocated)/float64(received), allocated/clients)
			if allocated > most {
				t.Errorf("that is over %d", most)
			}
		})
	}
}

// hostile is how many bytes are allocated while clients send these pieces.
func hostile(t *testing.T, open func(testing.TB, connectors.Listener) (net.Conn, connectors.Conn), limit int, pieces [][]byte) uint64 {
	t.Helper()
	l := listen(t, &hybrid.Connector{})
	var conns []net.Conn
	for range clients {
		client, server := open(t, l)
		server.SetReadLimit(limit)
		conns = append(conns, client)
		go func() {
			for {
				if _, err := server.ReadFrames(); err != nil {
					return
				}
			}
		}()
	}
	before := settled()
	for _, p := range pieces {
		for _, c := range conns {
			_, _ = c.Write(p)
		}
	}
	return settled() - before
}

func pieces(s string, n int) (all [][]byte) {
	for len(s) > n {
		all, s = append(all, []byte(s[:n])), s[n:]
	}
	return append(all, []byte(s))
}

// settled is how many bytes were allocated so far, once nothing allocates any more.
func settled() uint64 {
	var m runtime.MemStats
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for same, last := 0, uint64(0); same < 4; last = m.TotalAlloc {
		<-tick.C
		runtime.ReadMemStats(&m)
		if m.TotalAlloc-last < 1<<10 { // the runtime's own
			same++
		} else {
			same = 0
		}
	}
	return m.TotalAlloc
}
