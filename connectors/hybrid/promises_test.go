package hybrid_test

import (
	"net"
	"testing"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/connectortest"
	"github.com/fairlead-go/fairlead/connectors/hybrid"
)

func TestPromises(t *testing.T) {
	for name, ws := range map[string]*connectortest.WebSocket{"tcp": nil, "websocket": {}} {
		t.Run(name, func(t *testing.T) {
			connectortest.Run(t, connectortest.Harness{
				New:       func(testing.TB) connectors.Connector { return hybrid.New("127.0.0.1", 0) },
				At:        func(_ testing.TB, at net.Addr) connectors.Connector { return &hybrid.Connector{Addr: at.String()} },
				WebSocket: ws,
			})
		})
	}
}
