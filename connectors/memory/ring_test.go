package memory

import (
	"bytes"
	"testing"
)

// A ring is a slice that is appended to and cut. Each byte of ops is one
// operation: its low bits say which, the others how many bytes.
func FuzzRing(f *testing.F) {
	f.Add([]byte{0x20, 0x11, 0x40, 0x21, 0xf0, 0x02, 0xf0, 0xf1})
	f.Add([]byte{0xf0, 0xe1, 0xf0, 0xe1, 0xf0, 0x32, 0x03})
	f.Fuzz(func(t *testing.T, ops []byte) {
		const limit = 900
		var r ring
		var model []byte
		next := byte(0)
		for _, op := range ops {
			n := int(op>>2) * 11
			switch op & 3 {
			case 0, 2:
				p := make([]byte, n)
				for i := range p {
					p[i], next = next, next+1
				}
				k := r.write(p, limit)
				if want := min(n, limit-len(model)); k != want {
					t.Fatalf("took %d bytes, want %d", k, want)
				}
				model = append(model, p[:k]...)
			case 1:
				p := make([]byte, n)
				k := r.read(p)
				if want := min(n, len(model)); k != want || !bytes.Equal(p[:k], model[:k]) {
					t.Fatalf("read %d bytes %x, want %x", k, p[:k], model[:want])
				}
				model = model[k:]
			case 3:
				if got := r.take(); !bytes.Equal(got, model) {
					t.Fatalf("took %x, want %x", got, model)
				}
				model = nil
			}
			if r.size != len(model) || len(r.b) > limit {
				t.Fatalf("size %d of %d, want %d", r.size, len(r.b), len(model))
			}
			if r.size == 0 && r.b != nil {
				t.Fatal("an empty ring holds memory")
			}
		}
	})
}
