package hybrid

import (
	"io"
	"sync"

	"github.com/fairlead-go/fairlead/connectors"
)

// What is needed only while bytes are on their way is borrowed from these pools,
// so that a connection at rest holds none of it.
var (
	buffers = sync.Pool{New: func() any { return new(buffer) }}
	batches = sync.Pool{New: func() any { return new(batch) }}
	scraps  = sync.Pool{New: func() any { return new([]byte) }}
)

// maxKept is the largest piece of memory that goes back to a pool.
const maxKept = 64 << 10

// buffer is what one read brought, and the packages in it.
type buffer struct {
	data   [readSize]byte
	frames []connectors.Frame
}

func (b *buffer) giveBack() {
	clear(b.frames)
	b.frames = b.frames[:0]
	buffers.Put(b)
}

// batch is some WebSocket messages, unmasked.
type batch struct {
	bytes  []byte
	frames []connectors.Frame
}

// leastRead is how much room a read of a message is given at least.
const leastRead = 512

// readAll reads r to its end and returns what it said. Memory follows the bytes
// that have arrived.
func (b *batch) readAll(r io.Reader) ([]byte, error) {
	start := len(b.bytes)
	for {
		if free := cap(b.bytes) - len(b.bytes); free == 0 {
			more := max(leastRead, len(b.bytes)-start)
			b.bytes = append(b.bytes, make([]byte, more)...)[:len(b.bytes)]
		}
		end := len(b.bytes)
		n, err := r.Read(b.bytes[end:cap(b.bytes)])
		b.bytes = b.bytes[:end+n]
		if err == io.EOF {
			return b.bytes[start : end+n : end+n], nil
		}
		if err != nil {
			return nil, err
		}
	}
}

func (b *batch) giveBack() {
	clear(b.frames)
	b.bytes, b.frames = b.bytes[:0], b.frames[:0]
	if cap(b.bytes) <= maxKept {
		batches.Put(b)
	}
}

// giveBack returns a scrap: a buffer in which a write was put together.
func giveBack(b *[]byte) {
	if cap(*b) <= maxKept {
		*b = (*b)[:0]
		scraps.Put(b)
	}
}
