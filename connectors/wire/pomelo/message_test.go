package pomelo_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
)

// message is the value that the vector describes; ok is false when the value
// cannot even be written down in Go.
func (v messageVector) message(t *testing.T) (m pomelo.Message, ok bool) {
	t.Helper()
	m = pomelo.Message{
		Kind: pomelo.Kind(v.Type), ID: uint64(v.ID), Body: v.Body,
		Compressed: v.CompressRoute != 0, Gzip: v.Gzip != 0,
	}
	var route string
	var code float64
	switch {
	case len(v.Route) == 0 || string(v.Route) == "null":
	case json.Unmarshal(v.Route, &route) == nil:
		m.Route = []byte(route)
		return m, !m.Compressed
	case json.Unmarshal(v.Route, &code) == nil:
		m.Code = uint16(code)
		return m, code <= math.MaxUint16
	default:
		t.Fatalf("%s: route %s", v.Name, v.Route)
	}
	return m, true
}

func equal(a, b pomelo.Message) bool {
	return a.Kind == b.Kind && a.ID == b.ID && a.Compressed == b.Compressed && a.Gzip == b.Gzip &&
		a.Code == b.Code && bytes.Equal(a.Route, b.Route) && bytes.Equal(a.Body, b.Body)
}

func TestMessagesEncodeLikeTheReference(t *testing.T) { // P6
	var v messageVectors
	load(t, "pomelo-message.json", &v)
	for _, c := range v.Encode {
		m, _ := c.message(t)
		got, err := m.Append([]byte("before"))
		if want := "before" + string(c.Out); err != nil || string(got) != want {
			t.Errorf("%s: Append = %x, %v, want %x", c.Name, got, err, want)
		}
	}
	for _, c := range v.EncodeErrors {
		m, ok := c.message(t)
		if !ok {
			continue // a code over 16 bits, or a text for one: the type forbids it
		}
		if got, err := m.Append([]byte("before")); err == nil || string(got) != "before" {
			t.Errorf("%s: Append = %q, %v, want an error and nothing written", c.Name, got, err)
		}
	}
}

func TestMessagesDecodeLikeTheReference(t *testing.T) { // P6
	var v messageVectors
	load(t, "pomelo-message.json", &v)
	for _, c := range v.Decode {
		want, _ := c.message(t)
		switch c.HardenedID { // F 1
		case "reject":
			if _, err := pomelo.DecodeMessage(c.In); !errors.Is(err, pomelo.ErrID) {
				t.Errorf("%s: err = %v, want %v", c.Name, err, pomelo.ErrID)
			}
			continue
		case "2147483648 or reject":
			want.ID = 1 << 31
		case "4294967295 or reject":
			want.ID = pomelo.MaxID
		}
		if got, err := pomelo.DecodeMessage(c.In); err != nil || !equal(got, want) {
			t.Errorf("%s: DecodeMessage = %+v, %v, want %+v", c.Name, got, err, want)
		}
	}
}

func TestMalformedMessagesAreRefused(t *testing.T) { // P6.9, F 2
	var v messageVectors
	load(t, "pomelo-message.json", &v)
	for _, c := range v.Reject {
		if c.Name == "response-from-client" {
			continue // a client may read it: the Protocol refuses it, see TestWorking
		}
		if _, err := pomelo.DecodeMessage(c.In); !errors.Is(err, connectors.ErrMalformed) {
			t.Errorf("%s: err = %v, want %v", c.Name, err, connectors.ErrMalformed)
		}
	}
}

func TestIdsEndAt32BitsAndFiveBytes(t *testing.T) { // P6.3, P6.4
	for name, c := range map[string]struct {
		wire string
		id   uint64
		err  error
	}{
		"the largest":            {"\x04\xff\xff\xff\xff\x0f", math.MaxUint32, nil},
		"one more":               {"\x04\x80\x80\x80\x80\x10", 0, pomelo.ErrID},
		"five bytes for one":     {"\x04\x81\x80\x80\x80\x00", 1, nil},
		"six bytes for one":      {"\x04\x81\x80\x80\x80\x80\x00", 0, pomelo.ErrID},
		"five bytes, no end":     {"\x04\x80\x80\x80\x80\x80", 0, pomelo.ErrID},
		"four bytes, no end":     {"\x04\x80\x80\x80\x80", 0, pomelo.ErrShortMessage},
		"an id that never ends":  {"\x04" + strings.Repeat("\xff", 1000), 0, pomelo.ErrID},
		"no id at all":           {"\x04", 0, pomelo.ErrShortMessage},
		"zero, as long as it is": {"\x04\x80\x00", 0, nil},
	} {
		if m, err := pomelo.DecodeMessage([]byte(c.wire)); m.ID != c.id || !errors.Is(err, c.err) {
			t.Errorf("%s: id = %d, %v, want %d, %v", name, m.ID, err, c.id, c.err)
		}
	}
	if _, err := (pomelo.Message{Kind: pomelo.KindResponse, ID: pomelo.MaxID + 1}).Append(nil); !errors.Is(err, pomelo.ErrID) {
		t.Errorf("encoding an id of 33 bits: err = %v, want %v", err, pomelo.ErrID)
	}
}

func TestRoutesEndAt255Bytes(t *testing.T) { // P6.5
	for n, want := range map[int]error{255: nil, 256: pomelo.ErrRoute} {
		m := pomelo.Message{Kind: pomelo.KindPush, Route: []byte(strings.Repeat("r", n))}
		if _, err := m.Append(nil); !errors.Is(err, want) {
			t.Errorf("route of %d bytes: err = %v, want %v", n, err, want)
		}
	}
}
