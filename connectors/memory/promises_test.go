package memory_test

import (
	"net"
	"testing"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/connectortest"
	"github.com/fairlead-go/fairlead/connectors/memory"
)

func TestPromises(t *testing.T) {
	bothForms(t, func(t *testing.T, delivered bool) {
		var latest connectors.Connector // one that listens is the only one at its place
		connectortest.Run(t, connectortest.Harness{
			New: func(testing.TB) connectors.Connector {
				latest = &memory.Connector{Delivered: delivered}
				return latest
			},
			At:   func(testing.TB, net.Addr) connectors.Connector { return latest },
			Dial: func(c connectors.Connector, _ net.Addr) (net.Conn, error) { return c.(*memory.Connector).Dial() },
		})
	})
}
