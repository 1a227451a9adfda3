package pomelo_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
	"github.com/fairlead-go/fairlead/messages"
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

// FuzzProtocol says frames, cut out of script where a byte of 0xff stands, and
// looks after what a Step may ask for.
func FuzzProtocol(f *testing.F) {
	for _, s := range []string{
		hello + "\xff" + ack + "\xff" + ask + tell + beat + "\xff" + goAway,
		hello + ack + "\xff\xff",
		hello + "\xff" + hello + ack + ask,
		handshake(`{"sys":0}`),
		hello + "\xff" + ack + data("\x01\x07\x00\x01") + data("\x04\x01"),
		hello + "\xff" + ack + data("\x00\x07\x01r\x08\x05") + data("\x01\x07\x00\x02\x0a\x05"),
	} {
		f.Add([]byte(s), false)
		f.Add([]byte(s), true)
	}
	var v handshakeVectors
	load(f, "pomelo-handshake.json", &v)
	for _, c := range v.Cases {
		f.Add([]byte(c.RequestHex), true)
	}
	cfg := typed(f)
	cfg.Dict = dictionary(f, []string{"r", "a.b"}, nil)
	cfg.Heartbeat, cfg.MaxHello, cfg.MaxPackage = time.Second, 200, 400
	f.Fuzz(func(t *testing.T, script []byte, refuse bool) {
		talk := open(cfg)
		closed := false
		for i, frame := range bytes.Split(script, []byte{0xff}) {
			talk.frame(connectors.Frame{Data: bytes.Clone(frame), Text: i%2 == 1})
			closed = talk.sound(t, closed)
			if talk.step.Hello != nil {
				var err error
				if refuse {
					err = messages.NewError(400, "")
				}
				talk.welcome("user", err)
				closed = talk.sound(t, closed)
			}
			talk.at(time.Duration(i) * 500 * ms)
			closed = talk.sound(t, closed)
		}
	})
}

// sound tells whether the conversation is over, and complains of a step that says
// more after that, or sends what is no package.
func (c *talk) sound(t *testing.T, closed bool) bool {
	t.Helper()
	if does := todo(c.step); closed && does != "" {
		t.Errorf("after the end: %s", does)
	}
	for b := c.step.Send; len(b) > 0; {
		_, rest, err := pomelo.DecodePackage(b)
		if err != nil {
			t.Fatalf("sends %q: %v", c.step.Send, err)
		}
		b = rest
	}
	return closed || c.step.Close != nil
}
