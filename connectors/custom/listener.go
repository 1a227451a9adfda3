package custom

import (
	"context"
	"net"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/port"
	"github.com/fairlead-go/fairlead/internal/stream"
	"github.com/fairlead-go/fairlead/messages"
)

// open is where clients come out, once their first byte has told them from others on the port.
func (c *Connector) open(ctx context.Context) (connectors.Listener, error) {
	d := stream.NewDoor()
	wire := StreamConfig{Cut: c.Cut, FrameTime: c.FrameTime, MaxFrame: c.MaxFrame}
	err := d.Open(ctx, c.port(), port.Claim{
		Bytes: c.Bytes,
		Any:   len(c.Bytes) == 0,
		Conn: func(n net.Conn) {
			if s := Stream(n, wire); !d.Offer(s) {
				s.Close(connectors.Reason{Cause: messages.CauseStopping})
			}
		},
	})
	return d, err
}
