package pomelo_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
)

func FuzzDecodePackage(f *testing.F) {
	var v packageVectors
	load(f, "pomelo-package.json", &v)
	for _, c := range v.Decode {
		f.Add([]byte(c.In))
	}
	for _, c := range v.Reject {
		f.Add([]byte(c.In))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, rest, err := pomelo.DecodePackage(b)
		if err != nil {
			if !errors.Is(err, connectors.ErrMalformed) {
				t.Errorf("%v is no error of the contract", err)
			}
			return
		}
		got, err := p.Append(nil)
		if err != nil || !bytes.Equal(append(got, rest...), b) {
			t.Errorf("%x decodes to %+v, %x, which is %x, %v", b, p, rest, got, err)
		}
	})
}

func FuzzDecodeMessage(f *testing.F) {
	var v messageVectors
	load(f, "pomelo-message.json", &v)
	for _, c := range slices.Concat(v.Decode, v.Reject) {
		f.Add([]byte(c.In))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := pomelo.DecodeMessage(b)
		if err != nil {
			if !errors.Is(err, connectors.ErrMalformed) {
				t.Errorf("%v is no error of the contract", err)
			}
			return
		}
		got, err := m.Append(nil)
		if err != nil {
			t.Fatalf("%x decodes to %+v, which does not encode: %v", b, m, err)
		}
		again, err := pomelo.DecodeMessage(got)
		if err != nil || !equal(m, again) {
			t.Errorf("%x decodes to %+v, its minimal form to %+v, %v", b, m, again, err)
		}
		if b[0] &= 0x1f; len(got) == len(b) && !bytes.Equal(got, b) {
			t.Errorf("%x encodes to %x", b, got)
		}
		if len(got) > len(b) {
			t.Errorf("%x encodes to the longer %x", b, got)
		}
	})
}

func FuzzStream(f *testing.F) {
	var v packageVectors
	load(f, "pomelo-package.json", &v)
	for _, c := range v.Stream {
		var all, sizes []byte
		for _, chunk := range c.Chunks {
			all, sizes = append(all, chunk...), append(sizes, byte(len(chunk)))
		}
		f.Add(all, sizes)
	}
	f.Fuzz(func(t *testing.T, b, sizes []byte) {
		whole, pieces := new(pomelo.Stream), new(pomelo.Stream)
		want, wantErr := cut(whole, b)
		got, gotErr := cut(pieces, split(b, sizes)...)
		if !slices.Equal(got, want) || !errors.Is(gotErr, wantErr) {
			t.Errorf("%x in pieces of %d: %q, %v, at once: %q, %v", b, sizes, got, gotErr, want, wantErr)
		}
		if wantErr == nil && whole.Pending() != pieces.Pending() {
			t.Errorf("%x in pieces of %d: Pending = %v, at once: %v", b, sizes, pieces.Pending(), whole.Pending())
		}
	})
}

// split cuts b into pieces of these sizes; what is left is the last piece.
func split(b, sizes []byte) (pieces [][]byte) {
	for _, n := range sizes {
		k := min(int(n), len(b))
		pieces, b = append(pieces, b[:k]), b[k:]
	}
	return append(pieces, b)
}
