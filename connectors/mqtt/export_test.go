package mqtt

import (
	"net"

	"github.com/fairlead-go/fairlead/connectors"
)

// NewConn is a client of k's on c.
func NewConn(c net.Conn, k *Connector) connectors.Conn { return newByteStream(c, k.config()) }
