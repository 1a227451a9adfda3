package body_test

import (
	"encoding/json"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/fairlead-go/fairlead/connectors/body"
	"github.com/fairlead-go/fairlead/messages"
)

// shape has a field of every kind.
type shape struct {
	B    bool
	I    int64
	F    float64
	S    string
	L    []shape
	M    map[string]*shape
	Any  any
	Raw  json.RawMessage
	Data []byte
}

// FuzzJSON reads JSON into several types: what can be read is JSON, is not too deep,
// and is the same when it is written and read again.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{
		`{"B":true,"I":-1,"F":1e300,"S":"\u0000\ud83d\ude00","L":[{},null],"M":{"a":{"I":1}},"Any":[{"x":[]}],"Raw":{"a": 1},"Data":"AAAA"}`,
		`null`, `{"I":1.5}`, `[]`, `{"b":1,"B":false}`, "\xff", `{"S":"` + "\xff" + `"}`, strings.Repeat("[", 40) + strings.Repeat("]", 40),
		`{"reason":"x","retryAfterMs":4294967295}`, `{"retryAfterMs":-1}`, `{"L":[{"L":[{"L":[]}]}]}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if body.CheckDepth(b, 32) != nil {
			return
		}
		again[shape](t, b)
		again[any](t, b)
		again[map[string]json.RawMessage](t, b)
		message[messages.Kick](t, messages.JSON, b)
		message[structpb.Value](t, messages.JSON, b)
	})
}

// again reads b, writes what it has read, and reads that.
func again[T any](t *testing.T, b []byte) {
	c := body.Of[T]()
	var first, second T
	if len(b) == 0 || c.Read(messages.JSON, b, &first) != nil {
		return
	}
	if !json.Valid(b) {
		t.Errorf("%q is read as %+v", b, first)
	}
	text, err := c.Write(messages.JSON, &first)
	if err != nil {
		t.Fatalf("%q is read as %+v, which is not written: %v", b, first, err)
	}
	if err := c.Read(messages.JSON, text, &second); err != nil {
		t.Fatalf("%q is read as %+v, written as %s, and not read again: %v", b, first, text, err)
	}
	if twice, err := c.Write(messages.JSON, &second); err != nil || string(twice) != string(text) {
		t.Errorf("%q is read as %+v and written as %s, then as %s, %v", b, first, text, twice, err)
	}
}

// FuzzProtobuf does the same with protobuf's binary form.
func FuzzProtobuf(f *testing.F) {
	f.Add([]byte("\x0a\x03bye\x10\x05"))
	f.Add(lists(64))
	f.Add(lists(65))
	f.Add([]byte("\x0b\x0b\x0c\x0c"))
	f.Fuzz(func(t *testing.T, b []byte) {
		message[messages.Kick](t, messages.Protobuf, b)
		message[messages.Request](t, messages.Raw, b)
		message[structpb.ListValue](t, messages.Protobuf, b)
	})
}

func message[T any](t *testing.T, e messages.Encoding, b []byte) {
	c := body.Of[T]()
	first, second := new(T), new(T)
	if len(b) == 0 || c.Read(e, b, first) != nil {
		return
	}
	m := any(first).(proto.Message)
	if depth := nested(m); depth > body.MaxNesting && e != messages.JSON { // whose levels protojson counts its own way
		t.Errorf("%x is read into %d levels", b, depth)
	}
	text, err := c.Write(e, first)
	if e == messages.JSON && err != nil {
		return // not every value of structpb has a JSON form
	}
	if err != nil {
		t.Fatalf("%x is read as %v, which is not written: %v", b, m, err)
	}
	if err := c.Read(e, text, second); err != nil || !proto.Equal(m, any(second).(proto.Message)) {
		t.Errorf("%x is read as %v, written as %x, and read again as %v, %v", b, m, text, any(second), err)
	}
}

// nested is how many messages of structpb are in each other.
func nested(m proto.Message) (depth int) {
	switch m := m.(type) {
	case *structpb.ListValue:
		for _, x := range m.GetValues() {
			depth = max(depth, nested(x))
		}
		return depth + 1
	case *structpb.Value:
		if l := m.GetListValue(); l != nil {
			depth = nested(l)
		}
		return depth + 1
	}
	return 1
}
