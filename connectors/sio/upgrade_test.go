package sio_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/sio"
)

var upgrades = flag.Int("sio.upgrades", 300, "how many `schedules` of upgrades to run")

// Messages cross in both directions while a client upgrades, and each arrives once and in order.
func TestUpgradesLoseNothing(t *testing.T) {
	for seed := range uint64(*upgrades) {
		synctest.Test(t, func(t *testing.T) {
			r := start(t, &sio.Connector{})
			u := &upgrader{client: r.open("EIO=4"), rand: rand.New(rand.NewPCG(seed, 1)), full: make(chan struct{})}
			if seed%3 == 0 { // so long that writes wait for polls
				u.tail = strings.Repeat(".", 9000)
			}
			u.session = u.connect()
			u.run()
			if t.Failed() {
				t.Fatalf("seed %d", seed)
			}
			r.stop()
		})
	}
}

// upgrader is a client that polls, upgrades at some time, and talks all the while.
type upgrader struct {
	*client
	session *session
	rand    *rand.Rand
	tail    string        // of each message from the server
	got     []string      // messages from the server
	full    chan struct{} // closed when all have come
}

const (
	crossing = 25                    // messages each way
	pause    = 40 * time.Millisecond // between them, at most
)

// naps are pauses drawn ahead: several goroutines need them.
func (u *upgrader) naps(n int) []time.Duration {
	d := make([]time.Duration, n)
	for i := range d {
		if u.rand.IntN(3) > 0 {
			d[i] = time.Duration(u.rand.Int64N(int64(pause)))
		}
	}
	return d
}

func (u *upgrader) run() {
	go u.talk(u.naps(crossing))
	posts, polls, climb := u.naps(crossing), u.naps(1000), u.naps(4)
	paused, posted, polled := make(chan struct{}), make(chan int), make(chan struct{})
	go u.poll(polls, paused, polled)
	go u.write(posts, paused, posted)

	time.Sleep(climb[0] * 10)
	ws := u.dial()
	time.Sleep(climb[1])
	ws.send("2probe")
	ws.expect("3probe")
	time.Sleep(climb[2])
	close(paused) // what is under way is waited for
	next := <-posted
	<-polled
	time.Sleep(climb[3])
	ws.send("5")
	go u.listen(ws)
	for ; next < crossing; next++ {
		time.Sleep(posts[next])
		ws.send(fmt.Sprintf(`42["%d"]`, next))
	}
	<-u.full
	synctest.Wait()
	u.judge()
	u.session.Close(connectors.Reason{})
	ws.ws.Close()
}

// talk is the server's.
func (u *upgrader) talk(naps []time.Duration) {
	for i, d := range naps {
		<-time.After(d)
		if err := u.session.say(fmt.Sprintf(`2["%d"]`, i) + u.tail); err != nil {
			u.Errorf("message %d: %v", i, err)
		}
	}
}

// poll gets until it is paused, and one that is under way has ended.
func (u *upgrader) poll(naps []time.Duration, paused <-chan struct{}, done chan<- struct{}) {
	defer close(done)
	for _, d := range naps {
		select {
		case <-paused:
			return
		default:
		}
		status, body := u.get()
		if status != 200 {
			u.Errorf("poll: %d %q", status, body)
			return
		}
		u.take(strings.Split(body, "\x1e")...)
		<-time.After(d)
	}
}

// write posts until it is paused, and tells how far it got.
func (u *upgrader) write(naps []time.Duration, paused <-chan struct{}, next chan<- int) {
	i := 0
	for ; i < len(naps); i++ {
		<-time.After(naps[i])
		select {
		case <-paused:
			next <- i
			return
		default:
		}
		if status, body := u.post(fmt.Sprintf(`42["%d"]`, i)); status != 200 {
			u.Errorf("post %d: %d %q", i, status, body)
		}
	}
	<-paused
	next <- i
}

// listen reads the WebSocket.
func (u *upgrader) listen(ws *socket) {
	for {
		text := ws.read()
		if strings.HasPrefix(text, "(") {
			return
		}
		u.take(text)
	}
}

// take notes what came. Polls have ended when the WebSocket is read.
func (u *upgrader) take(packets ...string) {
	for _, p := range packets {
		if m, ok := strings.CutPrefix(p, "4"); ok && !strings.HasPrefix(m, "0") {
			if u.got = append(u.got, strings.TrimSuffix(m, u.tail)); len(u.got) == crossing {
				close(u.full)
			}
		}
	}
}

func (u *upgrader) judge() {
	var want []string
	for i := range crossing {
		want = append(want, fmt.Sprintf(`2["%d"]`, i))
	}
	all := strings.Join(want, " ")
	if got := strings.Join(u.got, " "); got != all {
		u.Errorf("the client got %s", got)
	}
	if got := u.session.heard(); got != all {
		u.Errorf("the server got %s", got)
	}
	if u.session.moves != 1 || u.session.Transport() != sio.WebSocket {
		u.Errorf("moved %d times, to %s", u.session.moves, u.session.Transport())
	}
}

// What goes wrong with an upgrade costs the WebSocket, and polling goes on.
func TestUpgradesThatDoNotComeOff(t *testing.T) {
	for name, tt := range map[string]struct {
		climb func(ws *socket)
		after time.Duration
	}{
		"it says nothing":         {func(*socket) {}, 10 * time.Second},
		"it only probes":          {func(ws *socket) { ws.send("2probe"); ws.expect("3probe") }, 10 * time.Second},
		"it sends something else": {func(ws *socket) { ws.send(`42["x"]`) }, 0},
		"it moves unprobed":       {func(ws *socket) { ws.send("5") }, 0},
		"it pings":                {func(ws *socket) { ws.send("2") }, 0},
		"it sends a message behind the probe": {func(ws *socket) {
			ws.send("2probe")
			ws.expect("3probe")
			ws.send(`42["x"]`)
		}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, &sio.Connector{}, func(r *rig) {
				c := r.open("EIO=4")
				s := c.connect()
				begin := time.Now()
				ws := c.dial()
				tt.climb(ws)
				if ws.expect("(websocket: close…"); since(begin) != tt.after {
					t.Errorf("closed after %v, want %v", since(begin), tt.after)
				}
				s.say(`2["here"]`)
				if status, got := c.get(); status != 200 || !strings.HasSuffix(got, `42["here"]`) {
					t.Errorf("polled %d %q", status, got)
				}
				s.Close(connectors.Reason{})
			})
		})
	}
}

// A GET that is held when a client probes ends at once; one that comes then waits a little for the move.
func TestPollsWhileAClientUpgrades(t *testing.T) {
	bubble(t, &sio.Connector{}, func(r *rig) {
		c := r.open("EIO=4")
		s := c.connect()
		held := c.later()
		ws := c.dial()
		ws.send("2probe")
		ws.expect("3probe")
		if got := <-held; got != "6" {
			t.Errorf("the GET that was held got %q, want a noop", got)
		}
		begin := time.Now()
		if _, got := c.get(); got != "6" || since(begin) != 100*time.Millisecond {
			t.Errorf("a GET behind the probe got %q after %v, want a noop after 100ms", got, since(begin))
		}
		s.say(`2["waits"]`)
		begin = time.Now()
		if _, got := c.get(); got != `42["waits"]` || since(begin) != 100*time.Millisecond {
			t.Errorf("another got %q after %v, want what waits", got, since(begin))
		}
		late := make(chan int, 1)
		go func() { status, _ := c.get(); late <- status }()
		synctest.Wait()
		ws.send("5")
		if got := <-late; got != 400 {
			t.Errorf("a GET that waits when the client moves got %d, want 400", got)
		}
		second := c.dial()
		second.expect("(websocket: close…")
		if status, _ := c.get(); status != 400 {
			t.Errorf("a GET behind the move got %d, want 400", status)
		}
		s.say(`2["moved"]`)
		ws.expect(`42["moved"]`)
		s.Close(connectors.Reason{})
	})
}
