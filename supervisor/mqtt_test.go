package supervisor_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/gorilla/websocket"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/mqtt"
	wire "github.com/fairlead-go/fairlead/connectors/wire/mqtt"
	"github.com/fairlead-go/fairlead/messages"
	"github.com/fairlead-go/fairlead/supervisor"
)

// How an MQTT 5 client is let go of, over both wires: the push that tells why, then a DISCONNECT, then the end; and the
// application is told once.
func TestAnMQTTClientIsTold(t *testing.T) {
	for name, tt := range map[string]struct {
		part func(w *mqttServer)
		want []string
		as   messages.Cause
	}{
		"kicked":   {(*mqttServer).kick, []string{`onKick {"reason":"enough"}`, "0x98"}, messages.CauseKicked},
		"drained":  {(*mqttServer).drain, []string{`onKick {"reason":"draining"`, "0x8B"}, messages.CauseDraining},
		"stopped":  {(*mqttServer).Stop, []string{`onKick {"reason":"server stopping"`, "0x8B"}, messages.CauseStopping},
		"too slow": {(*mqttServer).flood, []string{"onFlood ", "onFlood ", "0x97"}, messages.CauseSlow},
	} {
		for wireName, dial := range map[string]func(*testing.T, string) io.ReadWriter{"tcp": dialTCP, "websocket": dialWS} {
			t.Run(name+" "+wireName, func(t *testing.T) {
				w := startMQTT(t)
				c := bufio.NewReader(w.enter(t, dial))
				tt.part(w)
				got := heard(c)
				if !slices.EqualFunc(got, tt.want, strings.HasPrefix) {
					t.Errorf("the client got %q, want %q", got, tt.want)
				}
				if m := <-w.left; m.Cause != tt.as {
					t.Errorf("closed by %v (%s), want %v", m.Cause, m.Reason, tt.as)
				}
				w.Stop()
				if len(w.left) > 0 {
					t.Errorf("told again: %v", <-w.left)
				}
			})
		}
	}
}

// What waits for room in a client's window when it is kicked has not been sent.
func TestWhatAnMQTTClientHasNoRoomForIsUnsent(t *testing.T) {
	w := startMQTT(t)
	w.enter(t, dialTCP)
	for range 5 { // for a window of two
		w.system.Root.Send(w.socket, &messages.Push{Route: "onX", Body: []byte("{}"), Urgent: true})
	}
	said, err := w.system.Root.RequestFuture(w.socket, &messages.Kick{Reason: "enough"}, 10*time.Second).Result()
	if kicked, ok := said.(*messages.Kicked); err != nil || !ok || kicked.Flushed {
		t.Errorf("kicked: %v, %v, want one that is not flushed", said, err)
	}
	if m := <-w.left; m.Unsent != 3 || !m.Told {
		t.Errorf("%d unsent, told %v, want 3, and told", m.Unsent, m.Told)
	}
}

// mqttServer serves MQTT clients on a port of its own.
type mqttServer struct {
	*supervisor.Fairlead
	system *actor.ActorSystem
	left   chan *messages.Closed
	socket *actor.PID // the client's that is there
}

func startMQTT(t *testing.T) *mqttServer {
	t.Helper()
	w := &mqttServer{system: quietSystem(), left: make(chan *messages.Closed, 10)}
	events := w.system.Root.Spawn(actor.PropsFromFunc(func(ctx actor.Context) {
		if m, ok := ctx.Message().(*messages.Closed); ok {
			w.left <- m
		}
	}))
	var err error
	w.Fairlead, err = supervisor.Start(w.system, supervisor.Config{
		Connectors: []connectors.Source{&mqtt.Connector{Addr: "127.0.0.1:0", QoS: 1, Window: 2, MaxWaiting: 1 << 10}},
		Events:     events,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Stop)
	return w
}

// enter makes a client that has been let in.
func (w *mqttServer) enter(t *testing.T, dial func(*testing.T, string) io.ReadWriter) io.Reader {
	t.Helper()
	c := dial(t, w.Addrs("mqtt")[0].String())
	hello, err := wire.Connect{CleanStart: true, ClientID: []byte("c")}.Append(nil, wire.V5)
	if err == nil {
		_, err = c.Write(hello)
	}
	if err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(c)
	if p, err := packet(in); err != nil || p.Type != wire.TypeConnack {
		t.Fatalf("got %v, %v, want a CONNACK", p.Type, err)
	}
	for s := range w.Sockets {
		w.socket = s.Socket
	}
	return in
}

func (w *mqttServer) kick() { w.system.Root.Send(w.socket, &messages.Kick{Reason: "enough"}) }

func (w *mqttServer) drain() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_, _ = w.Drain(ctx)
}

// flood sends more than waits for a client that acknowledges nothing.
func (w *mqttServer) flood() {
	for range 50 {
		w.system.Root.Send(w.socket, &messages.Push{Route: "onFlood", Body: make([]byte, 100)})
	}
}

func dialTCP(t *testing.T, addr string) io.ReadWriter {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func dialWS(t *testing.T, addr string) io.ReadWriter {
	d := websocket.Dialer{Subprotocols: []string{"mqtt"}}
	ws, _, err := d.Dial("ws://"+addr+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ws.Close() })
	return &binary{ws: ws}
}

// binary is a WebSocket's binary messages as a stream of bytes.
type binary struct {
	ws   *websocket.Conn
	rest []byte
}

func (b *binary) Write(p []byte) (int, error) {
	return len(p), b.ws.WriteMessage(websocket.BinaryMessage, p)
}

func (b *binary) Read(p []byte) (n int, err error) {
	for len(b.rest) == 0 {
		if _, b.rest, err = b.ws.ReadMessage(); err != nil {
			return 0, err
		}
	}
	n = copy(p, b.rest)
	b.rest = b.rest[n:]
	return n, nil
}

// heard is what a client gets, up to the end: pushes, and the code of a DISCONNECT.
func heard(in *bufio.Reader) (got []string) {
	d := wire.Decoder{Version: wire.V5, FromServer: true}
	for {
		p, err := packet(in)
		if err != nil {
			return got
		}
		if m, err := d.Publish(p); err == nil {
			got = append(got, fmt.Sprintf("%s %s", strings.TrimPrefix(string(m.Topic), wire.PushPrefix), m.Payload))
		} else if last, err := d.Disconnect(p); err == nil {
			got = append(got, last.Code.String())
		}
	}
}

// packet is the next packet.
func packet(in *bufio.Reader) (wire.Packet, error) {
	for n := 2; ; n++ {
		b, err := in.Peek(n)
		if err != nil {
			return wire.Packet{}, err
		}
		if p, _, err := wire.Cut(slices.Clone(b)); err == nil {
			_, err = in.Discard(n)
			return p, err
		}
	}
}
