package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"net"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/connectortest"
	"github.com/fairlead-go/fairlead/connectors/hybrid"
	"github.com/fairlead-go/fairlead/internal/leak"
)

func TestMain(m *testing.M) { leak.Main(m) }

func TestRun(t *testing.T) {
	var out bytes.Buffer
	if err := run("127.0.0.1:0", &out); err != nil {
		t.Fatal(err)
	}
	if got, want := out.String(), "onSay \"hello over QUIC\"\nanswer 15\n"; got != want {
		t.Errorf("printed %q, want %q", got, want)
	}
}

func TestPromises(t *testing.T) {
	server, trust, err := selfSigned()
	if err != nil {
		t.Fatal(err)
	}
	connectortest.Run(t, connectortest.Harness{
		New: func(testing.TB) connectors.Connector { return &again{cfg: server} },
		// The place is not free at once: QUIC answers for connections that have ended for some seconds more.
		Dial: func(_ connectors.Connector, place net.Addr) (net.Conn, error) {
			ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
			defer cancel()
			return Dial(ctx, place.String(), trust)
		},
		Allocs: 120, // QUIC's own
	})
}

// again is a connector that can listen again, which one with a Listener cannot.
type again struct {
	hybrid.Connector
	cfg *tls.Config
}

func (c *again) Listen(ctx context.Context) ([]connectors.Listener, error) {
	l, err := Listen("127.0.0.1:0", c.cfg)
	if err != nil {
		return nil, err
	}
	return (&hybrid.Connector{Listener: l}).Listen(ctx)
}
