package stream

import (
	"io"
	"sync"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
)

// What is needed only while bytes are on their way is borrowed from these pools,
// so that a connection at rest holds none of it.
var (
	buffers = sync.Pool{New: func() any { return new(buffer) }}
	batches = sync.Pool{New: func() any { return new(batch) }}
	scraps  = sync.Pool{New: func() any { return new([]byte) }}
	pieces  = sync.Pool{New: func() any { return new(pomelo.Pieces) }}
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
	bytes  [smallBatch]byte // those that fit
	used   int
	large  []*pomelo.Pieces // the others
	frames []connectors.Frame
}

const (
	// smallBatch is how much of a message is read before memory follows it.
	smallBatch = 512
	// mostMessages is how many are in a batch.
	mostMessages = 32
)

// readAll reads r to its end and returns what it said. Memory follows the bytes
// that have arrived.
func (b *batch) readAll(r io.Reader) ([]byte, error) {
	for start, end := b.used, b.used; end < len(b.bytes); {
		n, err := r.Read(b.bytes[end:])
		end += n
		if err == io.EOF {
			b.used = end
			return b.bytes[start:end:end], nil
		}
		if err != nil {
			return nil, err
		}
		if end == len(b.bytes) {
			return b.readLarge(b.bytes[start:end], r)
		}
	}
	return b.readLarge(nil, r)
}

// room is memory for a message of n bytes, if there is some left.
func (b *batch) room(n int) ([]byte, bool) {
	if n > len(b.bytes)-b.used {
		return nil, false
	}
	start := b.used
	b.used += n
	return b.bytes[start:b.used:b.used], true
}

// readLarge is readAll of a message of which some has been read.
func (b *batch) readLarge(read []byte, r io.Reader) ([]byte, error) {
	p := pieces.Get().(*pomelo.Pieces)
	b.large = append(b.large, p)
	p.Add(read)
	for {
		n, err := r.Read(p.Room())
		p.Fill(n)
		if err == io.EOF {
			return p.Join(), nil
		}
		if err != nil {
			return nil, err
		}
	}
}

func (b *batch) giveBack() {
	for _, p := range b.large {
		p.Free()
		pieces.Put(p)
	}
	clear(b.large)
	clear(b.frames)
	b.used, b.large, b.frames = 0, b.large[:0], b.frames[:0]
	batches.Put(b)
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
