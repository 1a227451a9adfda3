package memory

// ring is a queue of bytes. Its memory follows what is in it, and is given back
// when it is empty.
type ring struct {
	b    []byte
	head int // where the first byte is
	size int // how many there are
}

const smallestRing = 64

// write takes as much of p as fits under limit, and returns how much that is.
func (r *ring) write(p []byte, limit int) int {
	n := min(len(p), limit-r.size)
	if n <= 0 {
		return 0
	}
	r.grow(n, limit)
	tail := r.head + r.size
	if tail >= len(r.b) {
		tail -= len(r.b)
	}
	k := copy(r.b[tail:], p[:n])
	copy(r.b, p[k:n])
	r.size += n
	return n
}

// read moves bytes to p and returns how many.
func (r *ring) read(p []byte) int {
	n := min(len(p), r.size)
	k := copy(p[:n], r.b[r.head:])
	copy(p[k:n], r.b)
	r.drop(n)
	return n
}

// take gives everything away, and the memory with it.
func (r *ring) take() []byte {
	b := r.b[r.head:min(r.head+r.size, len(r.b))]
	if len(b) < r.size {
		b = make([]byte, r.size)
		r.read(b)
	}
	*r = ring{}
	return b
}

func (r *ring) drop(n int) {
	r.size -= n
	r.head += n
	if r.head >= len(r.b) {
		r.head -= len(r.b)
	}
	if r.size == 0 {
		*r = ring{}
	}
}

// grow makes room for n more bytes, at least doubling, but never over limit.
func (r *ring) grow(n, limit int) {
	if r.size+n <= len(r.b) {
		return
	}
	size := min(max(r.size+n, 2*len(r.b), smallestRing), limit)
	b := make([]byte, size)
	k := copy(b, r.b[r.head:min(r.head+r.size, len(r.b))])
	copy(b[k:], r.b[:r.size-k])
	r.b, r.head = b, 0
}
