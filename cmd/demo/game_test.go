package main

import (
	"encoding/json"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/connectors/client"
)

// guest is a client of the game, and what it was pushed so far.
type guest struct {
	t      *testing.T
	client *client.Client
	pushes chan string // "route body"
}

func visit(t *testing.T, addr string) *guest {
	t.Helper()
	g := &guest{t: t, pushes: make(chan string, 100)}
	c, err := client.Dial(t.Context(), client.Config{
		Addr: addr,
		Push: func(route string, body []byte) {
			select {
			case g.pushes <- route + " " + string(body):
			case <-t.Context().Done(): // nobody listens any more
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	g.client = c
	return g
}

// ask requests with a body as it stands and returns the answer's.
func (g *guest) ask(route, body string) string {
	g.t.Helper()
	answer, err := g.client.Request(g.t.Context(), route, json.RawMessage(body))
	if err != nil {
		g.t.Fatal(err)
	}
	return string(answer)
}

// expect asks, and fails the test unless the answer is want.
func (g *guest) expect(route, body, want string) {
	g.t.Helper()
	if got := g.ask(route, body); got != want {
		g.t.Errorf("%s %s = %s, want %s", route, body, got, want)
	}
}

func (g *guest) tell(route, body string) {
	g.t.Helper()
	if err := g.client.Notify(route, json.RawMessage(body)); err != nil {
		g.t.Fatal(err)
	}
}

// hears fails the test unless these are the next pushes.
func (g *guest) hears(want ...string) {
	g.t.Helper()
	for _, w := range want {
		select {
		case got := <-g.pushes:
			if got != w {
				g.t.Errorf("push = %s, want %s", got, w)
			}
		case <-time.After(patience):
			g.t.Fatalf("no push, want %s", w)
		}
	}
}

// ends waits for the connection's end and says whether it was a kick, and why.
func (g *guest) ends() (reason string, kicked bool) {
	g.t.Helper()
	select {
	case <-g.client.Done():
	case <-time.After(patience):
		g.t.Fatal("the connection does not end")
	}
	return g.client.Kicked()
}

const (
	adaJoins   = `{"name":"Ada","x":100,"y":200}`
	ada        = `{"id":1,"name":"Ada","hue":215,"wire":"tcp","x":100,"y":200}`
	graceJoins = `{"name":"Grace","x":300,"y":400}`
	grace      = `{"id":2,"name":"Grace","hue":30,"wire":"tcp","x":300,"y":400}`
)

// pair is a game with Ada and Grace on the field, who know of each other.
func pair(t *testing.T, args ...string) (addr string, a, g *guest) {
	t.Helper()
	addr = serve(t, args...)
	a, g = visit(t, addr), visit(t, addr)
	a.ask("lobby.join", adaJoins)
	g.ask("lobby.join", graceJoins)
	a.hears("onJoin " + grace)
	return addr, a, g
}

func TestEchoAnswersTheBodyAsItCame(t *testing.T) {
	g := visit(t, serve(t))
	for name, body := range map[string]string{
		"an object":     `{"b":1,  "a":[2]}`,
		"no JSON":       "hello\x00wire",
		"a bare number": "7",
	} {
		t.Run(name, func(t *testing.T) { g.expect("lobby.echo", body, body) })
	}
}

func TestWhoJoinsSeesWhoIsThereAndIsSeen(t *testing.T) {
	addr := serve(t)
	a, g := visit(t, addr), visit(t, "ws://"+addr+"/")
	overWS := strings.Replace(grace, "tcp", "websocket", 1)
	a.expect("lobby.join", adaJoins, ada[:len(ada)-1]+`,"players":[`+ada+`]}`)
	g.expect("lobby.join", graceJoins, overWS[:len(overWS)-1]+`,"players":[`+ada+`,`+overWS+`]}`)
	a.hears("onJoin " + overWS)
}

func TestPlayersMeetOverSocketIO(t *testing.T) {
	addr := serve(t)
	a, g := visit(t, addr), visit(t, "sio://"+addr)
	overIO := strings.Replace(grace, "tcp", "socket.io", 1)
	a.ask("lobby.join", adaJoins)
	g.expect("lobby.join", graceJoins, overIO[:len(overIO)-1]+`,"players":[`+ada+`,`+overIO+`]}`)
	a.hears("onJoin " + overIO)
	g.tell("lobby.chat", `{"name":"Grace","content":"hé \"there\""}`)
	a.hears(`onChat {"name":"Grace","content":"hé \"there\""}`)
	g.hears(`onChat {"name":"Grace","content":"hé \"there\""}`)
	a.tell("lobby.move", `{"x":1,"y":2}`)
	a.hears(`onMove {"id":1,"x":1,"y":2}`)
	g.hears(`onMove {"id":1,"x":1,"y":2}`)
	g.tell("lobby.move", `{"x":3,"y":4}`)
	a.hears(`onMove {"id":2,"x":3,"y":4}`)
	a.expect("lobby.kick", `{"id":2,"reason":"too fast"}`, "{}")
	if reason, kicked := g.ends(); !kicked || reason != "too fast" {
		t.Errorf("kicked = %v, %q, want true, too fast", kicked, reason)
	}
	a.hears(`onLeave {"id":2,"name":"Grace","why":"kicked, too fast"}`)
}

func TestPlayersMeetOverUDP(t *testing.T) {
	place, err := net.ListenPacket("udp", "127.0.0.1:0") // a port that is free
	if err != nil {
		t.Fatal(err)
	}
	place.Close()
	at := place.LocalAddr().String()
	a, g := visit(t, serve(t, "-udp", at, "-heartbeat", "5s")), visit(t, "udp://"+at)
	if got, want := g.client.Handshake().Heartbeat, 5*time.Second; got != want {
		t.Errorf("heartbeat = %v, want %v", got, want)
	}
	overUDP := strings.Replace(grace, "tcp", "udp", 1)
	a.ask("lobby.join", adaJoins)
	g.expect("lobby.join", graceJoins, overUDP[:len(overUDP)-1]+`,"players":[`+ada+`,`+overUDP+`]}`)
	a.hears("onJoin " + overUDP)
	a.tell("lobby.move", `{"x":1,"y":2}`)
	g.hears(`onMove {"id":1,"x":1,"y":2}`)
	a.expect("lobby.kick", `{"id":2,"reason":"too fast"}`, "{}")
	if reason, kicked := g.ends(); !kicked || reason != "too fast" {
		t.Errorf("kicked = %v, %q, want true, too fast", kicked, reason)
	}
}

func TestJoinAnswers(t *testing.T) {
	tests := map[string]struct{ body, want string }{
		"the name, trimmed":         {`{"name":"  Ada\u0007 "}`, `{"id":2,"name":"Ada","hue":30,"wire":"tcp"}`},
		"the name, cut":             {`{"name":"` + strings.Repeat("é", 30) + `"}`, `{"id":2,"name":"` + strings.Repeat("é", 24) + `","hue":30,"wire":"tcp"}`},
		"another name if taken":     {`{"name":"First"}`, `{"id":2,"name":"First #2","hue":30,"wire":"tcp"}`},
		"an error without a name":   {`{"name":" "}`, `{"code":400,"msg":"name: one to 24 characters"}`},
		"an error without a body":   {``, `{"code":400,"msg":"name: one to 24 characters"}`},
		"a place inside the field":  {`{"name":"Ada","x":-5,"y":7000}`, `{"id":2,"name":"Ada","hue":30,"wire":"tcp","x":0,"y":1000,"players":[{"id":1,"name":"First","hue":215,"wire":"tcp"},{"id":2,"name":"Ada","hue":30,"wire":"tcp","x":0,"y":1000}]}`},
		"no place with half of one": {`{"name":"Ada","x":5}`, `{"id":2,"name":"Ada","hue":30,"wire":"tcp"}`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			addr := serve(t)
			visit(t, addr).ask("lobby.join", `{"name":"First"}`)
			visit(t, addr).expect("lobby.join", tt.body, tt.want)
		})
	}
}

func TestOneJoinsOnce(t *testing.T) {
	g := visit(t, serve(t))
	g.ask("lobby.join", `{"name":"Ada"}`)
	g.expect("lobby.join", `{"name":"Eve"}`, `{"code":400,"msg":"you are aboard already"}`)
}

func TestChatReachesAllWhoJoinedAsItWasSent(t *testing.T) {
	addr, a, g := pair(t)
	outside, robot := visit(t, addr), visit(t, addr)
	robot.ask("lobby.join", `{"name":"u0"}`)
	const said = `{ "name":"u0", "content":"t=17;<xxx>", "more":[1] }`
	robot.expect("lobby.chat", said, "{}")
	robot.hears("onChat " + said) // and before it nothing: it has no place on the field
	g.hears(`onJoin {"id":3,"name":"u0","hue":150,"wire":"tcp"}`, "onChat "+said)
	a.hears(`onJoin {"id":3,"name":"u0","hue":150,"wire":"tcp"}`, "onChat "+said)
	outside.expect("lobby.echo", "1", "1")
	select {
	case p := <-outside.pushes:
		t.Errorf("who did not join was pushed %s", p)
	default:
	}
}

func TestChatIsRefused(t *testing.T) {
	const malformed = `{"code":400,"msg":"chat: {\"name\":…,\"content\":…}, at most 4 KiB"}`
	tests := map[string]struct{ body, want string }{
		"in another's name": {`{"name":"Eve","content":"hi"}`, `{"code":400,"msg":"name: yours is Ada"}`},
		"without content":   {`{"name":"Ada"}`, malformed},
		"that is no JSON":   {`hi`, malformed},
		"over 4 KiB":        {`{"name":"Ada","content":"` + strings.Repeat("x", 4096) + `"}`, malformed},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			g := visit(t, serve(t))
			g.ask("lobby.join", `{"name":"Ada"}`)
			g.expect("lobby.chat", tt.body, tt.want)
		})
	}
}

func TestWhoHasNotJoinedMayOnlyEcho(t *testing.T) {
	g := visit(t, serve(t))
	const want = `{"code":400,"msg":"join first: lobby.join"}`
	g.expect("lobby.chat", `{"name":"Ada","content":"hi"}`, want)
	g.expect("lobby.move", `{"x":1,"y":2}`, want)
	g.expect("lobby.kick", `{"name":"Ada"}`, want)
	g.expect("lobby.dance", `{}`, `{"code":500}`)
	g.expect("lobby.echo", `{}`, `{}`)
}

func TestMoveIsSeenByThoseOnTheField(t *testing.T) {
	_, a, g := pair(t, "-tick", "0")
	a.tell("lobby.move", `{"x":500,"y":600}`)
	g.hears(`onMove {"id":1,"x":500,"y":600}`)
	a.tell("lobby.move", `{"x":-1,"y":1001}`)
	g.hears(`onMove {"id":1,"x":0,"y":1000}`)
}

func TestOfMovesWithinATickTheLastIsSent(t *testing.T) {
	_, a, g := pair(t, "-tick", "200ms")
	for range 20 {
		a.tell("lobby.move", `{"x":1,"y":1}`)
	}
	a.expect("lobby.move", `{"x":2,"y":2}`, "{}")
	a.tell("lobby.chat", `{"name":"Ada","content":"there"}`)
	var moves []string
	for {
		select {
		case p := <-g.pushes:
			if strings.HasPrefix(p, "onMove") {
				moves = append(moves, p)
				continue
			}
		case <-time.After(patience):
			t.Fatal("the chat after the moves does not come")
		}
		break
	}
	if n := len(moves); n == 0 || n > 10 || moves[n-1] != `onMove {"id":1,"x":2,"y":2}` {
		t.Errorf("moves = %q, want a few, the last to 2, 2", moves)
	}
}

func TestKickTellsTheKickedWhyAndTheOthersThatTheyLeft(t *testing.T) {
	tests := map[string]struct{ body, reason string }{
		"by id":            {`{"id":2,"reason":"too fast"}`, "too fast"},
		"by name":          {`{"name":"Grace","reason":"too fast"}`, "too fast"},
		"without a reason": {`{"name":"Grace"}`, "kicked by Ada"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, a, g := pair(t)
			a.expect("lobby.kick", tt.body, "{}")
			if reason, kicked := g.ends(); !kicked || reason != tt.reason {
				t.Errorf("kicked = %v, %q, want true, %q", kicked, reason, tt.reason)
			}
			a.hears(`onLeave {"id":2,"name":"Grace","why":"kicked, ` + tt.reason + `"}`)
		})
	}
}

func TestKickIsRefused(t *testing.T) {
	_, a, _ := pair(t)
	a.expect("lobby.kick", `{"name":"Eve"}`, `{"code":404,"msg":"nobody of that name or id is aboard"}`)
	a.expect("lobby.kick", `{"id":99}`, `{"code":404,"msg":"nobody of that name or id is aboard"}`)
	a.expect("lobby.kick", `{"name":"Ada"}`, `{"code":400,"msg":"that is you: close the window instead"}`)
}

func TestWhoHangsUpHasLeft(t *testing.T) {
	addr, a, g := pair(t)
	g.client.Close()
	a.hears(`onLeave {"id":2,"name":"Grace"}`)
	again := visit(t, addr)
	again.expect("lobby.join", `{"name":"Grace"}`, `{"id":3,"name":"Grace","hue":150,"wire":"tcp"}`)
}

func TestLeaveIsForGood(t *testing.T) {
	_, a, g := pair(t)
	g.expect("lobby.leave", `{"why":"because"}`, "{}")
	a.hears(`onLeave {"id":2,"name":"Grace"}`)
	a.ask("lobby.chat", `{"name":"Ada","content":"alone"}`)
	a.hears(`onChat {"name":"Ada","content":"alone"}`)
	g.expect("lobby.chat", `{"name":"Grace","content":"hello?"}`, `{"code":400,"msg":"join first: lobby.join"}`)
	if len(g.pushes) > 0 {
		t.Errorf("who left was pushed %s", <-g.pushes)
	}
}
