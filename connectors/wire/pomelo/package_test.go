package pomelo_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
)

func TestPackagesEncodeLikeTheReference(t *testing.T) { // P2
	var v packageVectors
	load(t, "pomelo-package.json", &v)
	for _, c := range v.Encode {
		got, err := pomelo.Package{Type: c.Type, Body: c.Body}.Append([]byte("before"))
		if want := "before" + string(c.Out); err != nil || string(got) != want {
			t.Errorf("%s: Append = %x, %v, want %x", c.Name, got, err, want)
		}
	}
	for _, c := range v.EncodeHeads {
		got, err := pomelo.Package{Type: c.Type, Body: make([]byte, c.BodyLength)}.Append(nil)
		if err != nil || !bytes.Equal(got[:pomelo.HeaderLen], c.Head) {
			t.Errorf("body of %d bytes: head = %x, %v, want %x", c.BodyLength, got[:pomelo.HeaderLen], err, c.Head)
		}
	}
	over := pomelo.Package{Type: pomelo.TypeData, Body: make([]byte, v.EncodeOverflow.BodyLength)} // P2.1, F 14
	if got, err := over.Append([]byte("before")); !errors.Is(err, pomelo.ErrTooLong) || string(got) != "before" {
		t.Errorf("body of %d bytes: Append = %d bytes, %v, want %v", len(over.Body), len(got), err, pomelo.ErrTooLong)
	}
}

func TestPackagesDecodeLikeTheReference(t *testing.T) { // P2
	var v packageVectors
	load(t, "pomelo-package.json", &v)
	for _, c := range v.Decode {
		rest := []byte(c.In)
		for i, want := range c.Packages {
			p, r, err := pomelo.DecodePackage(rest)
			if err != nil || p.Type != want.Type || !bytes.Equal(p.Body, want.Body) {
				t.Errorf("%s: package %d = %d %x, %v, want %d %x", c.Name, i, p.Type, p.Body, err, want.Type, want.Body)
			}
			rest = r
		}
		if len(rest) != 0 {
			t.Errorf("%s: %x is left over", c.Name, rest)
		}
	}
}

func TestDecodePackageRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		wire string
		want error
	}{
		"nothing":             {"", pomelo.ErrShort},
		"half a header":       {"\x04\x00", pomelo.ErrShort},
		"a body cut short":    {"\x04\x00\x00\x02h", pomelo.ErrShort}, // P2.6, F 4
		"16 MB announced":     {"\x04\xff\xff\xff", pomelo.ErrShort},
		"a type of zero":      {"\x00\x00\x00\x00", pomelo.ErrType},
		"a type beyond kick":  {"\x06\x00\x00\x00", pomelo.ErrType},
		"a type cut short":    {"\xff", pomelo.ErrShort},
		"bad type, cut short": {"\x06\x00\x00\x01", pomelo.ErrType},
	} {
		_, _, err := pomelo.DecodePackage([]byte(c.wire))
		if !errors.Is(err, c.want) || !errors.Is(err, connectors.ErrMalformed) {
			t.Errorf("%s: err = %v, want %v, which is malformed", name, err, c.want)
		}
	}
}

func TestDecodedBodyCannotGrowIntoTheNextPackage(t *testing.T) {
	b := []byte("\x04\x00\x00\x02hi\x03\x00\x00\x00")
	p, rest, err := pomelo.DecodePackage(b)
	if err != nil {
		t.Fatal(err)
	}
	_ = append(p.Body, 'X')
	if string(rest) != "\x03\x00\x00\x00" {
		t.Errorf("rest = %q after appending to the body", rest)
	}
}

func TestAppendPackageRefusesUnknownTypes(t *testing.T) { // P2.5
	for _, typ := range []byte{0, pomelo.TypeKick + 1, 255} {
		if _, err := (pomelo.Package{Type: typ}).Append(nil); !errors.Is(err, pomelo.ErrType) {
			t.Errorf("type %d: err = %v, want %v", typ, err, pomelo.ErrType)
		}
	}
}
