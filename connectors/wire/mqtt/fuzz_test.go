package mqtt_test

import (
	"bytes"
	"errors"
	"reflect"
	"slices"
	"testing"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/mqtt"
)

var decoders = []mqtt.Decoder{client31, client311, client5, server31, server311, server5}

// FuzzDecode reads any bytes in all versions and from both sides. What decodes is appended to
// something that decodes to the same.
func FuzzDecode(f *testing.F) {
	for _, c := range golden {
		for n := range len(c.wire) + 1 {
			f.Add([]byte(c.wire[:n]))
		}
	}
	for _, c := range malformed {
		f.Add([]byte(c.wire))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, rest, err := mqtt.Cut(b)
		if err != nil {
			checkError(t, b, err)
			return
		}
		if len(p.Body)+len(rest) > len(b) {
			t.Errorf("%x is cut into %x and %x", b, p.Body, rest)
		}
		for _, d := range decoders {
			before := bytes.Clone(b)
			got, err := decodePacket(d, p)
			if !bytes.Equal(b, before) {
				t.Errorf("%x is changed to %x", before, b)
			}
			if err != nil {
				checkError(t, b, err)
				continue
			}
			checkAgain(t, d, got)
		}
	})
}

func checkError(t *testing.T, b []byte, err error) {
	if !errors.Is(err, connectors.ErrMalformed) || mqtt.Code(err) < mqtt.MalformedPacket {
		t.Errorf("%x: %v is no error of the contract, or has no code", b, err)
	}
}

// checkAgain appends what has been decoded, and decodes it.
func checkAgain(t *testing.T, d mqtt.Decoder, want content) {
	version := d.Version
	if c, ok := want.(mqtt.Connect); ok {
		version = c.Version
	}
	b, err := want.Append(nil, version)
	if err != nil {
		t.Errorf("%+v of version %v does not encode: %v", want, version, err)
		return
	}
	got, err := decode(d, b)
	if err != nil || !same(got, want) {
		t.Errorf("version %v: %+v encodes to %x, which is %+v, %v", version, want, b, got, err)
	}
}

// same tells whether two packets hold the same. User properties are compared as pairs, since what lies
// between them may differ.
func same(a, b content) bool {
	return slices.Equal(pairs(&a), pairs(&b)) && reflect.DeepEqual(a, b)
}

// pairs takes the user properties out of a packet.
func pairs(c *content) (all []string) {
	packet := reflect.New(reflect.TypeOf(*c)).Elem()
	packet.Set(reflect.ValueOf(*c))
	all = takePairs(packet)
	if connect, ok := packet.Interface().(mqtt.Connect); ok && connect.Will != nil {
		will := *connect.Will
		all = append(all, takePairs(reflect.ValueOf(&will).Elem())...)
		packet.FieldByName("Will").Set(reflect.ValueOf(&will))
	}
	*c = packet.Interface().(content)
	return all
}

func takePairs(packet reflect.Value) (all []string) {
	field := packet.FieldByName("Properties")
	if !field.IsValid() {
		return nil
	}
	p := field.Addr().Interface().(*mqtt.Properties)
	for name, value := range p.User.All() {
		all = append(all, string(name), string(value))
	}
	p.User = nil
	return all
}

// FuzzCutter cuts a stream at once and in pieces. Both give the same packets and the same error, and what
// is held is no more than what came.
func FuzzCutter(f *testing.F) {
	var all []byte
	for _, c := range golden {
		f.Add([]byte(c.wire), []byte{1, 1, 1, 1, 1}, uint16(0))
		all = append(all, c.wire...)
	}
	f.Add(all, []byte{1, 2, 3, 5, 8, 13, 21, 34, 55, 89}, uint16(0))
	f.Add(all, []byte{200}, uint16(20))
	for _, c := range malformed {
		f.Add([]byte("\xc0\x00"+c.wire), []byte{3}, uint16(0))
	}
	f.Fuzz(func(t *testing.T, b, sizes []byte, limit uint16) {
		whole, pieces := new(mqtt.Stream), new(mqtt.Stream)
		whole.SetLimit(int(limit))
		pieces.SetLimit(int(limit))
		want, wantErr := cut(whole, b)
		got, gotErr := cut(pieces, split(b, sizes)...)
		if limit > 0 && slices.ContainsFunc(want, isConnect) {
			return // its segment is not bound by the limit
		}
		if !slices.Equal(got, want) || !errors.Is(gotErr, wantErr) {
			t.Errorf("%x in pieces of %d: %q, %v, at once: %q, %v", b, sizes, got, gotErr, want, wantErr)
		}
		if wantErr == nil && whole.Pending() != pieces.Pending() {
			t.Errorf("%x in pieces of %d: Pending = %v, at once: %v", b, sizes, pieces.Pending(), whole.Pending())
		}
		for _, frame := range want {
			if _, rest, err := mqtt.Cut([]byte(frame)); err != nil || len(rest) > 0 {
				t.Errorf("the frame %x is not one packet: %v", frame, err)
			}
		}
	})
}

func isConnect(frame string) bool { return frame[0]>>4 == byte(mqtt.TypeConnect) }

// split cuts b into pieces of these sizes; what is left is the last piece.
func split(b, sizes []byte) (pieces [][]byte) {
	for _, n := range sizes {
		k := min(int(n), len(b))
		pieces, b = append(pieces, b[:k]), b[k:]
	}
	return append(pieces, b)
}

// cut feeds the chunks and copies the frames that come out, until an error.
func cut(s *mqtt.Stream, chunks ...[]byte) (frames []string, err error) {
	for _, chunk := range chunks {
		chunk = bytes.Clone(chunk)
		out, err := s.Feed(chunk, nil)
		for _, f := range out {
			frames = append(frames, string(f.Data))
		}
		clear(chunk) // what the Stream keeps must be its own
		if err != nil {
			return frames, err
		}
	}
	return frames, nil
}
