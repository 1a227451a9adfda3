package mqtt

import (
	"net"

	"github.com/fairlead-go/fairlead/connectors"
)

// NewConn is a client of k's on c.
func NewConn(c net.Conn, k *Connector) connectors.Conn { return newByteStream(c, k.config()) }

// Present is how many clients are there that have ids of their own.
func (c *Connector) Present() int {
	c.present.mu.Lock()
	defer c.present.mu.Unlock()
	return len(c.present.byID)
}
