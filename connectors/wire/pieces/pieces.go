// Package pieces keeps bytes that come bit by bit until they are a whole: what decoders of streams hold of a
// frame that is not complete.
package pieces

import (
	mathbits "math/bits"
	"sync"
)

const (
	leastSlab = 64
	// mostSlab is the largest piece: what is held beyond the bytes that came is less.
	mostSlab = 4 << 10
	// mostShared is the largest whole that is borrowed and not allocated.
	mostShared = 1 << 20
)

// slab is a piece of memory that is used again.
type slab struct{ b []byte }

// slabs are those that are not in use, by class.
var slabs [4 * 21]sync.Pool

// classOf is the class of slabs for size bytes, and how large they are: there are four
// sizes between one power of two and the next.
func classOf(size int) (class, rounded int) {
	size = max(size, leastSlab)
	log := mathbits.Len(uint(size - 1))
	step := 1 << (log - 3)
	quarters := (size + step - 1) / step // 5 to 8
	return 4*log + quarters - 8, quarters * step
}

func borrow(size int) *slab {
	if size > mostShared {
		return &slab{make([]byte, 0, size)}
	}
	class, size := classOf(size)
	if s, ok := slabs[class].Get().(*slab); ok {
		return s
	}
	return &slab{make([]byte, 0, size)}
}

func (s *slab) giveBack() {
	if cap(s.b) <= mostShared {
		class, _ := classOf(cap(s.b))
		s.b = s.b[:0]
		slabs[class].Put(s)
	}
}

// Bytes are bytes that come bit by bit and are wanted as a whole. What they hold
// follows what has come, never what was announced (F 20), and nothing is copied until
// all is there. The zero Bytes are ready; Free them when they are not needed any more.
type Bytes struct {
	list []*slab // all but the last are full
	size int
}

// Len is how many bytes have come.
func (p *Bytes) Len() int { return p.size }

// room is memory for what comes next. What was written to it is to be said to fill.
func (p *Bytes) room() []byte {
	if n := len(p.list); n > 0 && len(p.list[n-1].b) < cap(p.list[n-1].b) {
		b := p.list[n-1].b
		return b[len(b):cap(b)]
	}
	s := borrow(min(max(p.size, leastSlab), mostSlab))
	p.list = append(p.list, s)
	return s.b[:cap(s.b)]
}

// fill takes the first n bytes of the room asked for last.
func (p *Bytes) fill(n int) {
	last := p.list[len(p.list)-1]
	last.b = last.b[:len(last.b)+n]
	p.size += n
}

// Add adds a copy of b.
func (p *Bytes) Add(b []byte) {
	for len(b) > 0 {
		n := copy(p.room(), b)
		p.fill(n)
		b = b[n:]
	}
}

// Head is the first bytes: 64 at the least, if they have come.
func (p *Bytes) Head() []byte {
	if len(p.list) == 0 {
		return nil
	}
	return p.list[0].b
}

// Join is all that has come, until Free.
func (p *Bytes) Join() []byte {
	if len(p.list) == 0 {
		return nil
	}
	if len(p.list) > 1 {
		whole := borrow(p.size)
		for _, s := range p.list {
			whole.b = append(whole.b, s.b...)
			s.giveBack()
		}
		clear(p.list)
		p.list = append(p.list[:0], whole)
	}
	b := p.list[0].b
	return b[:len(b):len(b)]
}

// Free gives the memory back. The Bytes are empty then.
func (p *Bytes) Free() {
	for _, s := range p.list {
		s.giveBack()
	}
	clear(p.list)
	p.list, p.size = p.list[:0], 0
}
