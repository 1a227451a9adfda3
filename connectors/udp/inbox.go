package udp

import (
	"sync"
	"sync/atomic"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
)

// What waits for a client's turn. Beyond it datagrams are lost, as UDP's may be anywhere; one that
// is longer waits alone.
const (
	inboxDatagrams = 256
	inboxBytes     = 64 << 10
)

// inboxOwn is how many of its bytes each client may have, whatever waits for others.
const inboxOwn = 4 << 10

// waiting is the bytes that wait for all clients' turns together, those that are just being brought among
// them: many clients, which may all be the same, could be held up at once.
type waiting struct {
	most  int64
	bytes atomic.Int64
}

// room tells whether n bytes more may wait for a client for whom some wait already. It is the reader's to
// call: nobody else adds any.
func (w *waiting) room(already, n int) bool {
	return already+n <= inboxOwn || w.bytes.Load()+int64(n) <= w.most
}

func (w *waiting) add(n int) { w.bytes.Add(int64(n)) }

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
