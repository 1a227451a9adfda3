package sio

import (
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/messages"
)

// Why an engine ends before its time.
var (
	errNoSession = errors.New("sio: no session in time")
	errCancelled = errors.New("sio: poll cancelled")
	errOverlap   = fmt.Errorf("sio: two requests of a kind at once: %w", connectors.ErrMalformed)
	errPacket    = fmt.Errorf("sio: packet that clients do not send: %w", connectors.ErrMalformed)
	errBinary    = fmt.Errorf("sio: binary that nobody announced: %w", connectors.ErrMalformed)
	errNamespace = fmt.Errorf("sio: namespace not connected: %w", connectors.ErrMalformed)
	errRestless  = fmt.Errorf("sio: namespaces connected too often: %w", connectors.ErrMalformed)
	errTwice     = fmt.Errorf("sio: namespace connected twice: %w", connectors.ErrMalformed)
)

// reasonOf is what a WebSocket's close frame says of err.
func reasonOf(err error) connectors.Reason {
	for _, c := range []struct {
		err   error
		cause messages.Cause
	}{
		{io.EOF, messages.CauseClient},
		{net.ErrClosed, messages.CauseClosed},
		{errNoSession, messages.CauseHandshakeTimeout},
		{connectors.ErrSilent, messages.CauseHeartbeatTimeout},
		{connectors.ErrTooLarge, messages.CauseTooLarge},
		{connectors.ErrSlow, messages.CauseSlow},
		{connectors.ErrStalled, messages.CauseStalled},
		{connectors.ErrMalformed, messages.CauseMalformed},
	} {
		if errors.Is(err, c.err) {
			return connectors.Reason{Cause: c.cause}
		}
	}
	return connectors.Reason{Cause: messages.CauseNetwork}
}
