package body_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/fairlead-go/fairlead/connectors/body"
	"github.com/fairlead-go/fairlead/messages"
)

func TestDeepJSONIsRefusedBeforeItIsRead(t *testing.T) {
	nested := func(n int) []byte {
		return []byte(strings.Repeat(`{"[":[`, n/2) + `"]}"` + strings.Repeat(`]}`, n/2))
	}
	if err := body.CheckDepth(nested(32), 32); err != nil {
		t.Errorf("32 levels of 32: %v", err)
	}
	if err := body.CheckDepth(nested(32), 31); !errors.Is(err, body.ErrDeep) {
		t.Errorf("32 levels of 31: %v, want %v", err, body.ErrDeep)
	}
	if err := body.CheckDepth([]byte(`{"no JSON`), 32); err != nil {
		t.Errorf("what is no JSON is the decoder's to refuse, not: %v", err)
	}
	bomb := bytes.Repeat([]byte("["), 1<<20)
	if n := testing.AllocsPerRun(100, func() {
		if body.CheckDepth(bomb, 32) == nil {
			t.Error("a MiB of [ passes")
		}
	}); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}

// lists are n messages in each other: ListValue, Value, ListValue, …
func lists(n int) (b []byte) {
	for ; n > 1; n-- {
		tag := byte(1<<3 | protowire.BytesType) // values of a ListValue
		if n%2 == 1 {
			tag = 6<<3 | byte(protowire.BytesType) // list_value of a Value
		}
		b = append(protowire.AppendVarint([]byte{tag}, uint64(len(b))), b...)
	}
	return b
}

func TestMessagesAreNestedInSixtyFourAtMost(t *testing.T) {
	c := body.Of[structpb.ListValue]()
	for n, refused := range map[int]bool{1: false, 63: false, 64: false, 65: true, 1000: true} {
		b := lists(n)
		if err := proto.Unmarshal(b, new(structpb.ListValue)); err != nil {
			t.Fatalf("%d levels are no message: %v", n, err)
		}
		if err := c.Read(messages.Protobuf, b, new(structpb.ListValue)); (err != nil) != refused {
			t.Errorf("%d levels: %v, refused should be %v", n, err, refused)
		}
	}
	for n, refused := range map[int]bool{64: false, 65: true} { // protojson counts a list and the Value around it once
		b := []byte(strings.Repeat("[", n) + strings.Repeat("]", n))
		if err := c.Read(messages.JSON, b, new(structpb.ListValue)); (err != nil) != refused {
			t.Errorf("%d levels of JSON: %v, refused should be %v", n, err, refused)
		}
	}
}
