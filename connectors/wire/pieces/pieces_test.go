package pieces_test

import (
	"bytes"
	"runtime"
	"strings"
	"testing"

	"github.com/fairlead-go/fairlead/connectors/wire/pieces"
)

func TestWhatComesIsTheWhole(t *testing.T) {
	for _, size := range []int{0, 1, 63, 64, 65, 4096, 4097, 100_000, 1<<20 + 1} {
		for _, step := range []int{1, 7, 1000, 1 << 21} {
			whole := []byte(strings.Repeat("0123456789", size/10+1))[:size]
			var b pieces.Bytes
			for rest := whole; len(rest) > 0; rest = rest[min(step, len(rest)):] {
				b.Add(rest[:min(step, len(rest))])
			}
			if head := b.Head(); b.Len() != size || len(head) < min(size, 64) || !bytes.HasPrefix(whole, head) {
				t.Fatalf("%d bytes in steps of %d: length %d, head %q", size, step, b.Len(), head)
			}
			if !bytes.Equal(b.Join(), whole) {
				t.Fatalf("%d bytes in steps of %d are others when joined", size, step)
			}
			if b.Free(); b.Len() != 0 || len(b.Join()) != 0 {
				t.Fatal("something is left of what was freed")
			}
		}
	}
}

// Memory follows what has come: four times as much at the most with the joined whole, though no pool helps.
func TestMemoryFollowsWhatHasCome(t *testing.T) {
	const size, runs = 100_000, 20
	chunk := make([]byte, 500)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range runs {
		var b pieces.Bytes
		for range size / len(chunk) {
			b.Add(chunk)
		}
		b.Join()
		b.Free()
	}
	runtime.ReadMemStats(&after)
	if n := (after.TotalAlloc - before.TotalAlloc) / runs; n > 4*size {
		t.Errorf("%d bytes allocated for %d", n, size)
	}
}
