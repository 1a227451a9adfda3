package interop_test

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/udp"
	"github.com/fairlead-go/fairlead/supervisor"
)

// udpProfiles are the options that the recorded server ran with, each with the name
// that the transcripts know it by. There is no dictionary here, nor schemas.
var udpProfiles = map[string]func(*udp.Connector){
	"udp":       func(*udp.Connector) {},
	"fatalUdp":  func(*udp.Connector) {},
	"udpDict":   func(*udp.Connector) {},
	"udpHb":     func(c *udp.Connector) { c.Heartbeat = time.Second },
	"udpBuffer": func(c *udp.Connector) { c.Tick = 20 * time.Millisecond },
}

// serveUDP starts the recorded server's application on a UDP port of its own. It stops with the test.
func serveUDP(t *testing.T, set func(*udp.Connector)) (addr string) {
	t.Helper()
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	system := actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return quiet }))
	a := &app{}
	c := &udp.Connector{Addr: "127.0.0.1:0", Heartbeat: -1, Tick: -1}
	set(c)
	var err error
	a.fl, err = supervisor.Start(system, supervisor.Config{
		Connectors: []connectors.Source{c},
		Routes:     []actors.Route{a.routes()},
		Logger:     quiet,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		a.fl.Stop()
		system.Shutdown()
	})
	return a.fl.Addrs("udp")[0].String()
}

// dialUDP makes a peer of a UDP server's.
func dialUDP(addr string) (*peer, error) {
	conn, err := net.Dial("udp", addr)
	if err != nil {
		return nil, err
	}
	p := &peer{conn: conn, in: make(chan arrival, 64), gone: make(chan struct{})}
	go p.read(p.readDatagrams)
	return p, nil
}

func (p *peer) readDatagrams() error {
	for b := make([]byte, 1<<16); ; {
		n, err := p.conn.Read(b)
		if err != nil {
			return err
		}
		p.deliverMessage(append([]byte{}, b[:n]...))
	}
}

// TestUDPTranscripts plays every recorded session against a server of ours with the
// same options.
func TestUDPTranscripts(t *testing.T) {
	t.Parallel()
	servers := map[string]string{} // by profile
	for _, tr := range read(t, "udp") {
		set, ok := udpProfiles[tr.Profile]
		if !ok {
			continue // TestOnlyWhatMayDifferDoesOverUDP says so
		}
		if tr.Timed {
			continue // TestTimedUDPTranscripts has it
		}
		if servers[tr.Profile] == "" {
			servers[tr.Profile] = serveUDP(t, set)
		}
		addr := servers[tr.Profile]
		t.Run(tr.Name, func(t *testing.T) {
			t.Parallel()
			replayUDP(t, addr, tr)
		})
	}
}

// TestTimedUDPTranscripts plays those that are about time, with nothing beside them.
func TestTimedUDPTranscripts(t *testing.T) {
	for _, tr := range read(t, "udp") {
		if set, ok := udpProfiles[tr.Profile]; ok && tr.Timed {
			t.Run(tr.Name, func(t *testing.T) { replayUDP(t, serveUDP(t, set), tr) })
		}
	}
}

func replayUDP(t *testing.T, addr string, tr transcript) {
	p := &player{addr: addr, udp: true, timed: tr.Timed}
	defer p.close()
	steps := tr.Steps
	change, changed := udpInstead[tr.Name]
	if changed {
		steps = change.of(steps)
	}
	if err := p.play(steps); err != nil {
		t.Errorf("%s [%s] %s Ours: %s%s: %v", tr.Name, tr.Profile, tr.Comment, tr.Hardened, change.clause, err)
	}
	neighbour, err := dialUDP(addr)
	if err != nil {
		t.Fatal(err)
	}
	defer neighbour.close()
	if err := errors.Join(neighbour.enter(), neighbour.echo(1)); err != nil {
		t.Errorf("a neighbour of %s: %v", tr.Name, err)
	}
}

// The words that then is written with.
var udpShakesHand = []step{
	sends(pkg(1, hello)), sees(pkg(1, `{"code":200,"sys":{}}`)), sends(pkg(2, "")), sees(pkg(3, "")),
}

// asksInVain sees that the peer is served no more.
var asksInVain = []step{sends(ask(99, echoRoute, `{"alive":1}`)), silent(quiet)}

func then(all ...[]step) (steps []step) {
	for _, some := range all {
		steps = append(steps, some...)
	}
	return steps
}

// udpInstead is what we do where the reference is at fault, and where we take the
// other way that a transcript's hardened text allows.
var udpInstead = map[string]change{
	"handshake-500":       {sends: 1, then: []step{sees(pkg(1, `{"code":500}`)), silent(quiet)}},
	"handshake-after-500": {sends: 1, then: then([]step{sees(pkg(1, `{"code":500}`))}, udpShakesHand, alive(1))},
	"garbage-first":       {sends: 1, then: []step{silent(quiet)}},
	"empty-datagram":      {sends: third, then: then([]step{silent(quiet)}, alive(1))},
	"heartbeat-timeout": {sends: 2, then: then([]step{
		sees(pkg(3, "")),
		after(2*time.Second, sees(pkg(5, `{"reason":"heartbeat timeout"}`))),
	}, asksInVain)},
	"two-packages":          {sends: third, then: then([]step{sees(answer(1, `{}`)), sees(answer(2, `{}`))}, alive(3))},
	"ack-and-request-order": {sends: third, then: then([]step{silent(quiet)}, alive(1))},
	"server-disconnect":     {sends: third, then: then([]step{sees(pkg(5, `{"reason":"closed"}`))}, asksInVain)},
	"kick-from-client":      {sends: third, then: then([]step{silent(quiet)}, asksInVain)},
	"response-too-large":    {sends: third, then: fails(1)},
	"dict-proto-ignored":    {then: then(udpShakesHand, alive(1))},
	// A number that stands for no route: nobody answers for it (P7.1).
	"compressed-route":       {then: then(udpShakesHand, []step{sends(pkg(4, "\x01\x01\x00\x0a{}"))}, fails(1))},
	"compressed-route-fatal": {sends: third, then: fails(1)},
	"tcp-port":               {then: []step{{Note: "nothing is sent"}}},
}

func TestNobodyListensOnTCPBesideUDP(t *testing.T) {
	t.Parallel()
	conn, err := net.Dial("tcp", serveUDP(t, func(*udp.Connector) {}))
	if err == nil {
		conn.Close()
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("err = %v, want that the connection is refused", err)
	}
}

func TestOnlyWhatMayDifferDoesOverUDP(t *testing.T) {
	recorded := map[string]bool{}
	for _, tr := range read(t, "udp") {
		recorded[tr.Name], recorded[tr.Profile] = true, true
		_, changed := udpInstead[tr.Name]
		switch {
		case udpProfiles[tr.Profile] == nil:
			t.Errorf("%s of profile %s is not replayed", tr.Name, tr.Profile)
		case tr.Fault && !changed:
			t.Errorf("%s: the reference is at fault, and nothing says what we do instead", tr.Name)
		case changed && tr.Hardened == "":
			t.Errorf("%s: must be as recorded", tr.Name)
		}
	}
	for name := range udpInstead {
		if !recorded[name] {
			t.Errorf("%s is in no transcript", name)
		}
	}
	for name := range udpProfiles {
		if !recorded[name] {
			t.Errorf("profile %s is in no transcript", name)
		}
	}
}
