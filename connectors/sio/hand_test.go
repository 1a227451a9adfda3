package sio_test

import (
	"context"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/memory"
	"github.com/fairlead-go/fairlead/connectors/port"
	"github.com/fairlead-go/fairlead/connectors/sio"
)

// byHand is bubble for a test that accepts by itself, when it wants to.
func byHand(t *testing.T, c *sio.Connector, f func(r *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := memory.Listen("sio")
		r := startBehind(t, c, n, n)
		f(r)
		r.stop()
	})
}

// startBehind starts a connector that nobody accepts for, on a listener that leads to n.
func startBehind(t *testing.T, c *sio.Connector, l net.Listener, n *memory.Listener) *rig {
	t.Helper()
	c.Port = &port.Port{Listener: l}
	r := &rig{TB: t, net: n, connector: c, sessions: make(chan *session, 16), over: make(chan struct{})}
	close(r.over)
	listeners, err := c.Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r.listener = listeners[0]
	r.http = &http.Client{Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		return n.Dial()
	}}}
	return r
}

// meet accepts a session that nobody is named for yet, and returns what its handshake says.
func (r *rig) meet() (*session, connectors.Hello) {
	r.Helper()
	c, err := r.listener.Accept()
	if err != nil {
		r.Fatal(err)
	}
	var step connectors.Step
	r.connector.Protocol(c).Open(&step, time.Now())
	return &session{Conn: c, ended: make(chan error, 1)}, *step.Hello
}

// take accepts a session and brings what comes to it.
func (r *rig) take() (*session, connectors.Hello) {
	r.Helper()
	s, hello := r.meet()
	s.Conn.(connectors.Deliverer).Deliver(s)
	return s, hello
}
