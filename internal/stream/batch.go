package stream

import "net"

// batchSize is how many bytes of packages are gathered for one write. More would
// not leave faster: the kernel's send buffer is hardly larger.
const batchSize = 16 << 10

// WriteBatch writes packages with one write for each batchSize of bytes, and one for
// a package that is longer.
func (w *Wire) WriteBatch(packages net.Buffers) error {
	if len(packages) == 1 {
		return w.Write(packages[0])
	}
	b := Scrap()
	defer GiveBack(b)
	for _, p := range packages {
		if len(*b)+len(p) > batchSize && len(*b) > 0 {
			if err := w.Write(*b); err != nil {
				return err
			}
			*b = (*b)[:0]
		}
		if len(p) > batchSize {
			if err := w.Write(p); err != nil {
				return err
			}
			continue
		}
		*b = append(*b, p...)
	}
	return w.Write(*b)
}

// TryWriteBatch is TryWrite for one package, or few.
func (w *Wire) TryWriteBatch(packages net.Buffers) (taken, rest bool) {
	if len(packages) == 1 {
		return w.TryWrite(packages[0])
	}
	b := Scrap()
	defer GiveBack(b)
	for _, p := range packages {
		*b = append(*b, p...)
	}
	return w.TryWrite(*b)
}
