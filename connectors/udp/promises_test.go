package udp_test

import (
	"net"
	"testing"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/connectortest"
	"github.com/fairlead-go/fairlead/connectors/udp"
)

func TestPromises(t *testing.T) {
	connectortest.Run(t, connectortest.Harness{
		New: func(testing.TB) connectors.Connector { return &udp.Connector{Addr: "127.0.0.1:0"} },
		At: func(_ testing.TB, place net.Addr) connectors.Connector {
			return &udp.Connector{Addr: place.String()}
		},
		Datagrams: true, // and an end that the client is told by a kick alone
		NoEnd:     true,
		NoOrder:   true,
	})
}
