package pomelo_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
)

// fuzzed is a schema without required fields, so that what decodes encodes again.
const fuzzed = `{"message Node":{"optional Node next":1,"repeated Node many":2,"optional string s":3,"repeated sInt32 is":4},
"r":{"optional uInt32 u":1,"optional sInt32 i":2,"optional float f":3,"optional double d":4,"optional string s":5,
"repeated uInt32 us":6,"repeated double ds":7,"repeated string ss":8,"optional Node node":9,"repeated Node nodes":10,
"optional int32 far":16,"repeated float fs":2048}}`

// FuzzTypedBody decodes, encodes and decodes again.
func FuzzTypedBody(f *testing.F) {
	var v protobufVectors
	load(f, "pomelo-protobuf.json", &v)
	for _, c := range v.Encode {
		f.Add([]byte(c.Out))
	}
	for _, c := range append(v.Decode, v.Reject...) {
		f.Add([]byte(c.In))
	}
	f.Add([]byte("\x30\x01\x01\x08\x01\x30\x00\x42\x01a\x30\x02\x02\x03\x42\x01b\x4a\x02\x22\x00\x4a\x05\x12\x00\x0a\x01\x12"))
	f.Add([]byte("\x11\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")) // the least number there is
	s := schema(f, fuzzed)
	f.Fuzz(func(t *testing.T, body []byte) {
		text, err := s.AppendJSON(nil, "r", body)
		if err != nil {
			if !errors.Is(err, connectors.ErrMalformed) || text != nil {
				t.Errorf("%x: %q, %v: no error of the contract", body, text, err)
			}
			return
		}
		if !json.Valid(text) || !utf8.Valid(text) {
			t.Fatalf("%x decodes to %q, which is no JSON", body, text)
		}
		if len(text) > 40*len(body)+2 {
			t.Errorf("%d bytes grow to %d", len(body), len(text))
		}
		if bytes.Contains(text, []byte("null")) && bytes.Contains(decoded(t, text), []byte("null")) {
			return // NaN and infinity do not come back
		}
		again, err := s.AppendBody(nil, "r", text)
		if errors.Is(err, pomelo.ErrEmpty) {
			return
		}
		if err != nil {
			t.Fatalf("%x decodes to %s, which does not encode: %v", body, text, err)
		}
		twice, err := s.AppendJSON(nil, "r", again)
		if err != nil || !reflect.DeepEqual(filled(t, twice), filled(t, text)) {
			t.Errorf("%x decodes to %s, that encodes to %x, which is %s, %v", body, text, again, twice, err)
		}
	})
}

// decoded is text without its strings, which may say anything.
func decoded(t *testing.T, text []byte) []byte {
	b, err := json.Marshal(prune(value(t, text), func(v any) bool { _, ok := v.(string); return ok }))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// filled is the value of text without its empty lists, which are not written.
func filled(t *testing.T, text []byte) any {
	return prune(value(t, text), func(v any) bool { l, ok := v.([]any); return ok && len(l) == 0 })
}

func value(t *testing.T, text []byte) (v any) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}

// prune takes the members out that are to go.
func prune(v any, gone func(any) bool) any {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			if v[k] = prune(x, gone); gone(x) {
				delete(v, k)
			}
		}
	case []any:
		for i := range v {
			v[i] = prune(v[i], gone)
		}
	}
	return v
}

// FuzzTypedText encodes text: what is no JSON must not get through, and what gets
// through must decode.
func FuzzTypedText(f *testing.F) {
	var v protobufVectors
	load(f, "pomelo-protobuf.json", &v)
	for _, c := range append(v.Encode, v.Refused...) {
		f.Add([]byte(c.Value))
	}
	f.Add([]byte(`{"\u0075":"12","s":"\ud83d\ude00","x":[{"y":-1.5e+3}],"node":{"next":{},"is":[-1]}}`))
	s := schema(f, fuzzed)
	f.Fuzz(func(t *testing.T, text []byte) {
		body, err := s.AppendBody(nil, "r", text)
		if err != nil {
			if body != nil {
				t.Errorf("%s: %v, and %x is written", text, err, body)
			}
			return
		}
		if !json.Valid(text) {
			t.Errorf("%q is no JSON, and encodes to %x", text, body)
		}
		back, err := s.AppendJSON(nil, "r", body)
		if err != nil {
			t.Fatalf("%s encodes to %x, which does not decode: %v", text, body, err)
		}
		again, err := s.AppendBody(nil, "r", back)
		if err != nil || !bytes.Equal(again, body) {
			t.Errorf("%s encodes to %x, that decodes to %s, which is %x, %v", text, body, back, again, err)
		}
	})
}

// FuzzParseSchema parses schemas, and uses those that are right.
func FuzzParseSchema(f *testing.F) {
	var v protobufVectors
	load(f, "pomelo-protobuf.json", &v)
	for _, file := range v.Schemas {
		f.Add([]byte(file), []byte("\x08\x01"))
	}
	f.Add([]byte(all), []byte("\x4a\x02\x1a\x00"))
	f.Fuzz(func(t *testing.T, file, body []byte) {
		s, err := pomelo.ParseSchema(file)
		if err != nil {
			if !errors.Is(err, pomelo.ErrSchema) {
				t.Errorf("%q: %v is no bad schema", file, err)
			}
			return
		}
		var routes map[string]json.RawMessage
		if err := json.Unmarshal([]byte(s.JSON()), &routes); err != nil {
			t.Fatalf("%q: parsed form %s: %v", file, s.JSON(), err)
		}
		for route := range routes {
			if !s.Has(route) {
				continue // json.Unmarshal reads half a pair of surrogates as U+FFFD
			}
			text, err := s.AppendJSON(nil, route, body)
			if err == nil && !json.Valid(text) {
				t.Errorf("%q: %x decodes to %q", file, body, text)
			}
			if _, err := s.AppendBody(nil, route, text); err != nil && strings.Contains(err.Error(), "not JSON") && text != nil {
				t.Errorf("%q: %s: %v", file, text, err)
			}
		}
	})
}

// FuzzSignature signs text under a member put into it, and says other bodies and
// keys too: only what was signed may get through.
func FuzzSignature(f *testing.F) {
	var v cryptoVectors
	load(f, "pomelo-crypto.json", &v)
	for _, c := range v.Cases {
		f.Add(rsaOf(c.N, c.E.String()), []byte(c.Body))
	}
	f.Add(`{}`, []byte(`{"a":1,"__crypto__":"00"}`))
	s := newSigner(f)
	f.Fuzz(func(t *testing.T, rsa string, body []byte) {
		if !json.Valid([]byte(rsa)) || len(rsa) > 2000 || len(body) > 4000 {
			return
		}
		talk := opened(pomelo.Config{Crypto: true}, helloOf(rsa), ack)
		talk.says(data("\x02\x01r" + string(body)))
		for _, r := range talk.step.Requests {
			if !bytes.Contains(body, []byte(`"__crypto__"`)) || len(r.Body) >= len(body) {
				t.Errorf("%q gets through as %q", body, r.Body)
			}
		}
		text, signed := fmt.Sprintf(`{"x":%q}`, fmt.Sprintf("%x", body)), ""
		signed = strings.Replace(text, "}", `,"__crypto__":"`+s.sign(text)+`"}`, 1)
		own := opened(pomelo.Config{Crypto: true}, helloOf(s.rsa()), ack)
		if got := own.says(data("\x02\x01r" + signed)); got != "notify 0 r "+text {
			t.Errorf("%s: %s, want it let through", signed, got)
		}
		own.says(data("\x02\x01r" + string(body)))
		if len(own.step.Requests) > 0 {
			t.Errorf("%q gets through, which nobody signed", body)
		}
	})
}
