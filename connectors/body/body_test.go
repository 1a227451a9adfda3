package body_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/fairlead-go/fairlead/connectors/body"
	"github.com/fairlead-go/fairlead/messages"
)

type move struct{ X, Y int }

func TestBodiesComeBackAsTheyWere(t *testing.T) {
	kick := &messages.Kick{Reason: "bye"}
	binary, err := proto.Marshal(kick)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("a struct is JSON", func(t *testing.T) {
		c := body.Of[move]()
		var m move
		if err := c.Read(messages.JSON, []byte(`{"X":1,"Y":-2}`), &m); err != nil || m != (move{1, -2}) {
			t.Errorf("Read = %v, %v", m, err)
		}
		if b, err := c.Write(messages.JSON, &m); err != nil || string(b) != `{"X":1,"Y":-2}` {
			t.Errorf("Write = %s, %v", b, err)
		}
	})
	t.Run("a struct has no other form", func(t *testing.T) {
		c := body.Of[move]()
		for _, e := range []messages.Encoding{messages.Protobuf, messages.Raw} {
			if err := c.Read(e, []byte("x"), new(move)); !errors.Is(err, body.ErrEncoding) {
				t.Errorf("Read in %v: %v", e, err)
			}
			if _, err := c.Write(e, new(move)); !errors.Is(err, body.ErrEncoding) {
				t.Errorf("Write in %v: %v", e, err)
			}
		}
	})
	t.Run("a protobuf message is what the encoding says", func(t *testing.T) {
		c := body.Of[messages.Kick]()
		for e, b := range map[messages.Encoding][]byte{
			messages.JSON:     []byte(`{"reason":"bye","unknown":1}`),
			messages.Protobuf: binary,
			messages.Raw:      binary,
		} {
			var k messages.Kick
			if err := c.Read(e, b, &k); err != nil || !proto.Equal(&k, kick) {
				t.Errorf("Read in %v = %v, %v", e, &k, err)
			}
			b, err := c.Write(e, kick)
			var again messages.Kick
			if err != nil || c.Read(e, b, &again) != nil || !proto.Equal(&again, kick) {
				t.Errorf("Write in %v = %q, %v", e, b, err)
			}
		}
	})
	t.Run("bytes are bytes", func(t *testing.T) {
		for _, e := range []messages.Encoding{messages.JSON, messages.Protobuf, messages.Raw} {
			var a []byte
			var b json.RawMessage
			if body.Of[[]byte]().Read(e, []byte("\x00x"), &a) != nil || !bytes.Equal(a, []byte("\x00x")) {
				t.Errorf("[]byte in %v = %q", e, a)
			}
			if body.Of[json.RawMessage]().Read(e, []byte("{}"), &b) != nil || string(b) != "{}" {
				t.Errorf("RawMessage in %v = %q", e, b)
			}
			if w, err := body.Of[json.RawMessage]().Write(e, &b); err != nil || string(w) != "{}" {
				t.Errorf("RawMessage written in %v = %q, %v", e, w, err)
			}
			if w, err := body.Of[[]byte]().Write(e, &a); err != nil || string(w) != "\x00x" {
				t.Errorf("[]byte written in %v = %q, %v", e, w, err)
			}
		}
	})
	t.Run("an empty body changes nothing", func(t *testing.T) {
		m := move{3, 4}
		if err := body.Of[move]().Read(messages.JSON, nil, &m); err != nil || m != (move{3, 4}) {
			t.Errorf("Read = %v, %v", m, err)
		}
	})
	t.Run("malformed bodies are errors", func(t *testing.T) {
		if body.Of[move]().Read(messages.JSON, []byte(`{"X":"a"}`), new(move)) == nil {
			t.Error("a text was read as a number")
		}
		if body.Of[messages.Kick]().Read(messages.Protobuf, []byte("\x0a\xff"), new(messages.Kick)) == nil {
			t.Error("a field past the end was read")
		}
	})
}

func TestJSON(t *testing.T) {
	for want, v := range map[string]any{
		`{"X":1,"Y":2}`: move{1, 2},
		`{ "raw" :1}`:   json.RawMessage(`{ "raw" :1}`),
		`null`:          nil,
	} {
		if b, err := body.JSON(v); err != nil || string(b) != want {
			t.Errorf("JSON(%v) = %s, %v", v, b, err)
		}
	}
	b, err := body.JSON(&messages.Kick{Reason: "r"})
	var back struct{ Reason string }
	if err != nil || json.Unmarshal(b, &back) != nil || back.Reason != "r" {
		t.Errorf("a protobuf message is %s, %v", b, err)
	}
	if _, err := body.JSON(func() {}); err == nil {
		t.Error("a function has a JSON form")
	}
}
