package client_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/client"
	"github.com/fairlead-go/fairlead/connectors/memory"
	"github.com/fairlead-go/fairlead/connectors/port"
	"github.com/fairlead-go/fairlead/connectors/sio"
	"github.com/fairlead-go/fairlead/messages"
)

// sink is our own conversation with a client that brings what it sends. Requests are answered by
// their body, behind a push of it; to the route "out" the answer is a kick.
type sink struct {
	conn     connectors.Conn
	protocol connectors.Protocol
	codec    connectors.Codec
	err      error // why the client is refused
	ended    chan messages.Cause
}

func (s *sink) open() {
	var step connectors.Step
	s.protocol.Open(&step, time.Now())
	step.Hello = nil
	s.protocol.Welcome(&step, nil, s.err, time.Now())
	s.do(&step)
	s.conn.(connectors.Deliverer).Deliver(s)
}

func (s *sink) Take(frames []connectors.Frame, err error) bool {
	for _, f := range frames {
		var step connectors.Step
		s.protocol.Feed(&step, f, time.Now())
		s.do(&step)
	}
	if err != nil {
		s.close(connectors.Reason{})
	}
	return err == nil
}

func (s *sink) Moved() {}

func (s *sink) do(step *connectors.Step) {
	if step.Codec != nil {
		s.codec = step.Codec
	}
	b := step.Send
	for _, r := range step.Requests {
		if r.Route == "out" {
			kick := &messages.Kick{Reason: "out", RetryAfterMs: 100, SpreadMs: 50}
			b, _ = s.codec.AppendKick(b, kick)
			step.Close = &connectors.Reason{Cause: messages.CauseKicked, RetryAfter: 100 * time.Millisecond}
			continue
		}
		b, _ = s.codec.AppendPush(b, &messages.Push{Route: "onEcho", Body: r.Body})
		if !r.Notify {
			b, _ = s.codec.AppendResponse(b, connectors.Origin{ID: r.Id, Route: r.Route}, r.Reply(r.Body))
		}
	}
	s.conn.Write(net.Buffers{b})
	if step.Close != nil {
		s.close(*step.Close)
	}
}

func (s *sink) close(r connectors.Reason) {
	s.conn.Close(r)
	s.ended <- r.Cause
}

// serveSio has c's clients served until the returned func is called. ended gets why each conversation ended.
func serveSio(t *testing.T, c *sio.Connector, refuse error) (addr net.Addr, ended chan messages.Cause, stop func()) {
	t.Helper()
	ls, err := c.Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ended = make(chan messages.Cause, 10)
	go func() {
		for {
			conn, err := ls[0].Accept()
			if err != nil {
				return
			}
			(&sink{conn: conn, protocol: c.Protocol(conn), err: refuse, ended: ended}).open()
		}
	}()
	return ls[0].Addr(), ended, func() {
		ls[0].Close()
		<-ls[0].(connectors.Lingerer).Gone()
	}
}

func TestClientAndSocketIOConnectorUnderstandEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := memory.Listen("sio")
		_, ended, stop := serveSio(t, &sio.Connector{Port: &port.Port{Listener: l}}, nil)
		defer stop()
		var pushed []string
		c, err := client.Dial(t.Context(), client.Config{
			Addr: "sio://game.example", NetDial: through(l),
			Push: func(route string, body []byte) { pushed = append(pushed, route+" "+string(body)) },
		})
		if err != nil {
			t.Fatal(err)
		}
		var want []string
		for i := range 300 { // ids of one byte and of two
			body := fmt.Sprintf(`{"n":%d,"é":"\""}`, i)
			if got, err := request(c, []byte(body)); got != body || err != nil {
				t.Fatalf("answer = %s and %v, want %s", got, err, body)
			}
			want = append(want, "onEcho "+body)
		}
		if !slices.Equal(pushed, want) {
			t.Errorf("pushes = %q", pushed)
		}
		time.Sleep(time.Hour) // on heartbeats
		if err := c.Err(); err != nil {
			t.Errorf("ended with %v in an idle hour", err)
		}
		c.Close()
		if cause := <-ended; cause != messages.CauseClient {
			t.Errorf("the server's end is %v, want that the client has left", cause)
		}
	})
}

func TestSocketIOConnectorKicksTheClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := memory.Listen("sio")
		_, _, stop := serveSio(t, &sio.Connector{Port: &port.Port{Listener: l}}, nil)
		defer stop()
		c, err := client.Dial(t.Context(), client.Config{Addr: "sio://game.example", NetDial: through(l)})
		if err != nil {
			t.Fatal(err)
		}
		c.Notify("out", nil)
		<-c.Done()
		var kick *client.KickError
		if !errors.As(c.Err(), &kick) || *kick != (client.KickError{"out", 100 * time.Millisecond, 50 * time.Millisecond}) {
			t.Errorf("ended with %v, want a kick with advice", c.Err())
		}
	})
}

func TestSocketIOConnectorRefusesTheClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := memory.Listen("sio")
		_, _, stop := serveSio(t, &sio.Connector{Port: &port.Port{Listener: l}}, messages.NewError(401, "who?"))
		defer stop()
		_, err := client.Dial(t.Context(), client.Config{Addr: "sio://game.example", NetDial: through(l)})
		if e := messages.AsError(err); e.Code != 401 || e.Msg != "who?" {
			t.Errorf("refused with %v, want code 401", err)
		}
	})
}

func TestDialSocketIO(t *testing.T) {
	s := httptest.NewUnstartedServer(nil) // for its certificate
	s.StartTLS()
	defer s.Close()
	trust := s.Client().Transport.(*http.Transport).TLSClientConfig
	for name, tt := range map[string]struct {
		scheme string
		tls    *tls.Config
	}{
		"sio": {scheme: "sio://"}, "sios": {scheme: "sios://", tls: s.TLS},
	} {
		t.Run(name, func(t *testing.T) {
			addr, _, stop := serveSio(t, &sio.Connector{Path: "/game/", Port: &port.Port{Addr: "127.0.0.1:0", TLS: tt.tls}}, nil)
			defer stop()
			c, err := client.Dial(t.Context(), client.Config{Addr: tt.scheme + addr.String() + "/game/", TLS: trust})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if got, err := request(c, 7); got != "7" || err != nil {
				t.Errorf("answer = %s, %v", got, err)
			}
		})
	}
}

func TestDialSocketIOEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begin := time.Now()
		l := memory.Listen("quiet") // takes what comes and says nothing
		_, err := client.Dial(ctx, client.Config{Addr: "sio://quiet", NetDial: through(l)})
		if err == nil || time.Since(begin) != time.Second {
			t.Errorf("ended with %v after %v, want an error after 1s", err, time.Since(begin))
		}
	})
}
