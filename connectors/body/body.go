// Package body reads and writes what is inside a message: JSON, protobuf, or bytes, behind
// one type whose way is chosen once.
package body

import (
	"encoding/json"
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/fairlead-go/fairlead/internal/jsondepth"
	"github.com/fairlead-go/fairlead/messages"
)

// MaxNesting is how deep protobuf messages may be nested in each other.
const MaxNesting = 64

// ErrDeep is CheckDepth's.
var ErrDeep = jsondepth.ErrDeep

// CheckDepth returns ErrDeep if the objects and lists of the JSON text b are nested deeper than
// most levels, before anybody builds values of them. Text that is no JSON is left to the
// decoder.
func CheckDepth(b []byte, most int) error { return jsondepth.Check(b, most) }

// ErrEncoding is returned for a body that is protobuf or raw where a type only has a JSON form.
var ErrEncoding = errors.New("body: not JSON")

// Codec reads and writes bodies of type T. What it reads may share memory with the body.
type Codec[T any] struct {
	read  func(e messages.Encoding, b []byte, to *T) error
	write func(e messages.Encoding, v *T) ([]byte, error)
}

// Of is the codec for T: protobuf messages are read and written as the request's encoding
// says (JSON in its protobuf mapping, else the binary form); []byte and
// json.RawMessage are bytes as they are; everything else is JSON.
func Of[T any]() Codec[T] {
	switch any((*T)(nil)).(type) {
	case proto.Message:
		return Codec[T]{readProto[T], writeProto[T]}
	case *[]byte:
		return Codec[T]{
			func(_ messages.Encoding, b []byte, to *T) error { *any(to).(*[]byte) = b; return nil },
			func(_ messages.Encoding, v *T) ([]byte, error) { return *any(v).(*[]byte), nil },
		}
	case *json.RawMessage:
		return Codec[T]{
			func(_ messages.Encoding, b []byte, to *T) error { *any(to).(*json.RawMessage) = b; return nil },
			func(_ messages.Encoding, v *T) ([]byte, error) { return *any(v).(*json.RawMessage), nil },
		}
	}
	return Codec[T]{readJSON[T], writeJSON[T]}
}

// Read decodes b into to. An empty body leaves to as it is.
func (c Codec[T]) Read(e messages.Encoding, b []byte, to *T) error {
	if len(b) == 0 {
		return nil
	}
	return c.read(e, b, to)
}

// Write encodes v, as a request in encoding e was.
func (c Codec[T]) Write(e messages.Encoding, v *T) ([]byte, error) { return c.write(e, v) }

func readProto[T any](e messages.Encoding, b []byte, to *T) error {
	m, _ := any(to).(proto.Message)
	if e == messages.JSON {
		return protojson.UnmarshalOptions{DiscardUnknown: true, RecursionLimit: MaxNesting}.Unmarshal(b, m)
	}
	return proto.UnmarshalOptions{RecursionLimit: MaxNesting}.Unmarshal(b, m)
}

func writeProto[T any](e messages.Encoding, v *T) ([]byte, error) {
	m, _ := any(v).(proto.Message)
	if e == messages.JSON {
		return protojson.Marshal(m)
	}
	return proto.Marshal(m)
}

func readJSON[T any](e messages.Encoding, b []byte, to *T) error {
	if e != messages.JSON {
		return fmt.Errorf("%w: %v", ErrEncoding, e)
	}
	return json.Unmarshal(b, to)
}

func writeJSON[T any](e messages.Encoding, v *T) ([]byte, error) {
	if e != messages.JSON {
		return nil, fmt.Errorf("%w: %v", ErrEncoding, e)
	}
	return json.Marshal(v)
}

// JSON is v as JSON: a json.RawMessage as it is, a protobuf message in its JSON mapping.
func JSON(v any) ([]byte, error) {
	switch v := v.(type) {
	case json.RawMessage:
		return v, nil
	case proto.Message:
		return protojson.Marshal(v)
	}
	return json.Marshal(v)
}
