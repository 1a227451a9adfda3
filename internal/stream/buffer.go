package stream

import (
	"sync"

	"github.com/fairlead-go/fairlead/connectors"
)

// What is needed only while bytes are on their way is borrowed from these pools,
// so that a connection at rest holds none of it.
var (
	buffers = sync.Pool{New: func() any { return new(buffer) }}
	scraps  = sync.Pool{New: func() any { return new([]byte) }}
)

// maxKept is the largest piece of memory that goes back to a pool.
const maxKept = 64 << 10

// buffer is what one read brought, and the frames in it.
type buffer struct {
	data   [readSize]byte
	frames []connectors.Frame
}

func (b *buffer) giveBack() {
	clear(b.frames)
	b.frames = b.frames[:0]
	buffers.Put(b)
}

// Scrap is empty memory in which a write can be put together, until GiveBack.
func Scrap() *[]byte { return scraps.Get().(*[]byte) }

// GiveBack returns a Scrap.
func GiveBack(b *[]byte) {
	if cap(*b) <= maxKept {
		*b = (*b)[:0]
		scraps.Put(b)
	}
}
