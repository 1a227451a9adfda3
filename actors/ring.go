package actors

// ring is a queue that holds two items without memory of its own, and gives
// back what it took for more as soon as it is empty.
type ring[T any] struct {
	few  [2]T
	many []T
	head int
	n    int
}

func (r *ring[T]) slots() []T {
	if r.many != nil {
		return r.many
	}
	return r.few[:]
}

func (r *ring[T]) push(x T) {
	s := r.slots()
	if r.n == len(s) {
		s = r.grow(s)
	}
	i := r.head + r.n
	if i >= len(s) {
		i -= len(s)
	}
	s[i] = x
	r.n++
}

func (r *ring[T]) grow(s []T) []T {
	g := make([]T, 2*len(s)+4)
	n := copy(g, s[r.head:])
	copy(g[n:], s[:r.head])
	clear(r.few[:])
	r.many, r.head = g, 0
	return g
}

func (r *ring[T]) pop() T {
	s := r.slots()
	x := s[r.head]
	var none T
	s[r.head] = none
	if r.head++; r.head == len(s) {
		r.head = 0
	}
	if r.n--; r.n == 0 {
		r.many, r.head = nil, 0
	}
	return x
}
