package client_test

import (
	"fmt"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/client"
	"github.com/fairlead-go/fairlead/connectors/memory"
	"github.com/fairlead-go/fairlead/messages"
)

// serve holds our own conversation with a client: its user is its address, and
// requests are answered by their body.
func serve(conn connectors.Conn, p connectors.Protocol) {
	defer conn.Close(connectors.Reason{})
	var step connectors.Step
	var codec connectors.Codec
	p.Open(&step, time.Now())
	for {
		if step.Hello != nil {
			step.Hello = nil
			p.Welcome(&step, conn.RemoteAddr().String(), nil, time.Now())
		}
		if step.Codec != nil {
			codec = step.Codec
		}
		if step.ReadLimit > 0 {
			conn.SetReadLimit(step.ReadLimit)
		}
		for _, r := range step.Requests {
			step.Send, _ = codec.AppendResponse(step.Send, connectors.Origin{ID: r.Id, Route: r.Route}, r.Reply(r.Body))
		}
		conn.Write(net.Buffers{step.Send})
		if step.Close != nil {
			return
		}
		step.Reset()
		frames, err := conn.ReadFrames()
		if err != nil {
			return
		}
		for _, f := range frames {
			p.Feed(&step, f, time.Now())
			if step.Hello != nil {
				break // nothing may come behind it yet
			}
		}
	}
}

func TestClientAndProtocolUnderstandEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &memory.Connector{Heartbeat: 3 * time.Second}
		ls, err := c.Listen(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		near, _ := c.Dial()
		conn, _ := ls[0].Accept()
		go serve(conn, c.Protocol(conn))

		far, err := client.New(t.Context(), near, client.Config{})
		if err != nil {
			t.Fatal(err)
		}
		h := far.Handshake()
		if string(h.User) != `"memory#1"` || h.Heartbeat != 3*time.Second {
			t.Errorf("user %s, heartbeat %v, want memory#1 and 3s", h.User, h.Heartbeat)
		}
		for i := range 300 { // ids of one byte and of two
			body := fmt.Sprintf(`{"n":%d}`, i)
			if got, err := far.Request(t.Context(), "lobby.echo", []byte(body)); string(got) != body || err != nil {
				t.Fatalf("answer = %s and %v, want %s", got, err, body)
			}
		}
		time.Sleep(time.Hour) // on heartbeats
		if err := far.Err(); err != nil {
			t.Errorf("ended with %v in an idle hour", err)
		}
		far.Close()
	})
}

func TestProtocolRefusesTheClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &memory.Connector{CheckClient: func(string, string) bool { return false }}
		ls, err := c.Listen(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		near, _ := c.Dial()
		conn, _ := ls[0].Accept()
		go serve(conn, c.Protocol(conn))
		_, err = client.New(t.Context(), near, client.Config{})
		if got := messages.AsError(err); got.Code != 501 {
			t.Errorf("refused with %v, want code 501", err)
		}
	})
}
