package udp

import (
	"sync"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
)

// What waits for a client's turn. Beyond it datagrams are lost, as UDP's may be anywhere; one that
// is longer waits alone.
const (
	inboxDatagrams = 256
	inboxBytes     = 64 << 10
)

// inbox is datagrams of one client that came one after the other, in one piece of memory. An idle
// client has none.
type inbox struct {
	bytes  []byte
	ends   []int // of each in bytes
	frames []connectors.Frame
}

// inboxes that no client uses. Those that have grown large are not kept.
var inboxes = sync.Pool{New: func() any { return new(inbox) }}

const inboxKeep = 8 << 10

func (i *inbox) add(b []byte) bool {
	if len(i.ends) == inboxDatagrams || len(i.ends) > 0 && len(i.bytes)+len(b) > inboxBytes {
		return false
	}
	i.bytes = append(i.bytes, b...)
	i.ends = append(i.ends, len(i.bytes))
	return true
}

// each has take called with all that is in it, as frames. An ack ends a run of them: what may come
// behind it is for take to say. It is false when take has been.
func (i *inbox) each(take func([]connectors.Frame) bool) (more bool) {
	start, first := 0, 0
	for n, end := range i.ends {
		b := i.bytes[start:end:end]
		i.frames = append(i.frames, connectors.Frame{Data: b})
		start = end
		if b[0] != pomelo.TypeAck && n+1 < len(i.ends) {
			continue
		}
		if !take(i.frames[first:]) {
			return false
		}
		first = len(i.frames)
	}
	return true
}

func (i *inbox) free() {
	if cap(i.bytes) > inboxKeep {
		return
	}
	clear(i.frames)
	i.bytes, i.ends, i.frames = i.bytes[:0], i.ends[:0], i.frames[:0]
	inboxes.Put(i)
}

// packages counts those in a datagram, none if there is anything else in it, or several of which
// one is not data (P19.1).
func packages(b []byte) (n int) {
	data := true
	for ; len(b) > 0; n++ {
		p, rest, err := pomelo.DecodePackage(b)
		if err != nil {
			return 0
		}
		data = data && p.Type == pomelo.TypeData
		b = rest
	}
	if n > 1 && !data {
		return 0
	}
	return n
}
