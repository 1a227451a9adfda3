// Package poll waits for many clients with a few goroutines: one that reads each of them would cost more, most
// of the time, than all else that is held for an idle one. The clients' sockets stay the runtime's as well, which
// waits for room to write, keeps deadlines and closes.
package poll

import (
	"syscall"

	"github.com/fairlead-go/fairlead/connectors"
)

// Reader is a client as its loop sees it.
type Reader interface {
	// Socket is what is waited at.
	Socket() syscall.RawConn
	// Ready is called when something can be read, one call at a time: all that is there is to be read, since
	// only what comes later is told again. Over says that the client has ended its side, or that the
	// connection broke: there is an end to be read, or an error, behind what is there. With more, Ready is called
	// again if something is left, when others have had their turn.
	Ready(h *Hand, over bool) (more bool)
}

// readSize is what one read may bring.
const readSize = 4 << 10

// Hand is a goroutine that does a loop's work: one leads, which waits and calls Ready of who has something. One that takes
// long is not the leader any more: another goes on, and it becomes a spare when it comes back.
type Hand struct {
	// Turn is for the client's Sink: Yield has another hand lead. It is done when the client may be run again.
	Turn connectors.Turn
	// Frames is room for frames, to be left empty.
	Frames []connectors.Frame

	*duty
	buf [readSize]byte
}
