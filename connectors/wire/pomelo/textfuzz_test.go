package pomelo_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
	"github.com/fairlead-go/fairlead/internal/jsondepth"
	"github.com/fairlead-go/fairlead/messages"
)

// browsers is s as browser clients encode it: a surrogate is a character of three
// bytes (P9.2).
func browsers(s string) (b []byte) {
	for _, unit := range utf16.Encode([]rune(s)) {
		if !utf16.IsSurrogate(rune(unit)) {
			b = utf8.AppendRune(b, rune(unit))
			continue
		}
		b = append(b, 0xe0|byte(unit>>12), 0x80|byte(unit>>6)&0x3f, 0x80|byte(unit)&0x3f)
	}
	return b
}

// FuzzText has a client say a text and be told one.
func FuzzText(f *testing.F) {
	var v textVectors
	load(f, "pomelo-text.json", &v)
	for _, c := range v.Cases {
		f.Add([]byte(c.UTF8))
		f.Add([]byte(c.BrowserEncodes))
	}
	f.Add([]byte("\xed\xa0\xbd\xed\xa0\xbd\xed\xb8\x80\xed\xb8\x80\xed"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 60_000 {
			return
		}
		if utf8.Valid(b) {
			if got := heard(t, browsers(string(b))); !bytes.Equal(got, b) {
				t.Errorf("%q from a browser is heard as %q", b, got)
			}
		}
		got := heard(t, b)
		if want := joined(b); !bytes.Equal(got, want) {
			t.Errorf("%q is heard as %q, want %q", b, got, want)
		}
		told(t, b)
	})
}

// heard is the body of a notify that says b, as a route gets it.
func heard(t *testing.T, b []byte) []byte {
	c := opened(pomelo.Config{}, hello, ack)
	c.says(data("\x02\x01r" + string(b)))
	if len(c.step.Requests) != 1 {
		t.Fatalf("%q is not heard: %s", b, todo(c.step))
	}
	return c.step.Requests[0].Body
}

// joined is what heard should be, by decoding one character after the other.
func joined(b []byte) (joined []byte) {
	unit := func(b []byte) rune {
		if len(b) < 3 || b[0] != 0xed || b[1]&0xe0 != 0xa0 || b[2]&0xc0 != 0x80 {
			return 0
		}
		return 0xd000 | rune(b[1]&0x3f)<<6 | rune(b[2]&0x3f)
	}
	for i := 0; i < len(b); i++ {
		if hi := unit(b[i:]); hi != 0 {
			if r := utf16.DecodeRune(hi, unit(b[i+3:])); r != utf8.RuneError {
				joined = utf8.AppendRune(joined, r)
				i += 5
				continue
			}
		}
		joined = append(joined, b[i])
	}
	return joined
}

// told pushes b: no client may see a character of four bytes, and JSON stays the
// same value.
func told(t *testing.T, b []byte) {
	sent, err := pomelo.Codec{}.AppendPush(nil, &messages.Push{Route: "r", Body: b})
	if err != nil {
		if len(b) > 0 && string(b) != "null" {
			t.Errorf("%q is not pushed: %v", b, err)
		}
		return
	}
	got := sent[pomelo.HeaderLen+3:]
	for i := range got {
		if r, n := utf8.DecodeRune(got[i:]); n == 4 {
			t.Errorf("%q is pushed as %q with %c in it", b, got, r)
		}
	}
	var value any // not every number has one
	if json.Unmarshal(b, &value) == nil && !same(t, b, got) {
		t.Errorf("%s is pushed as %s", b, got)
	}
}

// FuzzHello says a handshake in JSON, and compares with what encoding/json reads.
func FuzzHello(f *testing.F) {
	var v handshakeVectors
	load(f, "pomelo-handshake.json", &v)
	for _, c := range v.Cases {
		if len(c.RequestHex) > pomelo.HeaderLen {
			f.Add([]byte(c.RequestHex[pomelo.HeaderLen:]), `{"name":"x"}`)
		}
	}
	for _, s := range []string{
		`{"sys":{"type":"a","type":"b"},"sys":{"version":1}}`, `{"s\u0079s":{"type":"\ud83d"},"user":[{}]}`, ` { "sys" : true } `, nested(32), nested(33),
		`{"sys":{"rsa":{"rsa_n":"ff","rsa_e":"3"},"dictVersion":"x","protoVersion":""}}`, `{"SYS":{},"sys":{"Type":1}}`, "{\"sys\":{\"type\":\"\xed\xa0\xbd\xed\xb8\x80\"}}",
	} {
		f.Add([]byte(s), s)
	}
	cfg := typed(f)
	cfg.Dict, cfg.MaxHello = dictionary(f, []string{"r", "a.b"}, nil), 1<<20
	f.Fuzz(func(t *testing.T, body []byte, user string) {
		if len(body) > 1<<20 {
			return
		}
		c := open(cfg)
		c.says(handshake(string(body)))
		h := c.step.Hello
		sys, member, ok := helloBy(joined(body))
		switch {
		case (h != nil) != (ok && jsondepth.Check(body, 32) == nil):
			t.Errorf("%q: %s", body, todo(c.step))
		case h == nil:
			if want := sends(`{"code":500}`) + ", close refused"; todo(c.step) != want {
				t.Errorf("%q: %s, want %s", body, todo(c.step), want)
			}
			return
		case h.Type != freeText(sys["type"]) || h.Version != freeText(sys["version"]):
			t.Errorf("%q: type %q, version %q, want %s and %s", body, h.Type, h.Version, sys["type"], sys["version"])
		case !bytes.Equal(h.User, member) || !bytes.Equal(h.Raw, joined(body)):
			t.Errorf("%q: user %q, want %q", body, h.User, member)
		}
		c.welcome(json.RawMessage(user), nil)
		if p, _, err := pomelo.DecodePackage(c.step.Send); err != nil || !json.Valid(p.Body) {
			t.Errorf("user %q is answered with %q, %v", user, c.step.Send, err)
		}
	})
}

// helloBy reads a handshake with encoding/json.
func helloBy(body []byte) (sys map[string]json.RawMessage, user json.RawMessage, ok bool) {
	var h map[string]json.RawMessage
	if json.Unmarshal(body, &h) != nil || !truth(h["sys"]) {
		return nil, nil, false
	}
	_ = json.Unmarshal(h["sys"], &sys)
	return sys, h["user"], true
}

// truth is whether JavaScript takes v for true.
func truth(v json.RawMessage) bool {
	var x any
	if err := json.Unmarshal(v, &x); err != nil {
		return len(v) > 0 // a number beyond all numbers
	}
	switch x := x.(type) {
	case nil:
		return false
	case bool:
		return x
	case string:
		return x != ""
	case float64:
		return x != 0
	}
	return true
}

// freeText is a string's own text, or the JSON itself.
func freeText(v json.RawMessage) string {
	var s string
	if json.Unmarshal(v, &s) == nil {
		return s
	}
	return string(v)
}

// FuzzDictionary makes a dictionary of routes, a line each, those of users behind
// an empty line.
func FuzzDictionary(f *testing.F) {
	var v dictionaryVectors
	load(f, "pomelo-dictionary.json", &v)
	for _, c := range v.Cases {
		var routes []string
		for route := range c.Dict {
			routes = append(routes, route)
		}
		f.Add(strings.Join(routes, "\n") + "\n\n" + strings.Join(c.User, "\n"))
	}
	f.Add("b\na\na\n\n😀\n\ue000\na")
	f.Fuzz(func(t *testing.T, text string) {
		own, user, _ := strings.Cut(text, "\n\n")
		routes, users := strings.Split(own, "\n"), strings.Split(user, "\n")
		d, err := pomelo.NewDictionary(routes, users)
		good := !slices.ContainsFunc(slices.Concat(routes, users), func(r string) bool { return len(r) > pomelo.MaxRoute || !utf8.ValidString(r) })
		if (err == nil) != good {
			t.Fatalf("%q: %v", text, err)
		}
		if err != nil {
			return
		}
		var codes map[string]uint16
		if err := json.Unmarshal([]byte(d.JSON()), &codes); err != nil {
			t.Fatalf("%q: %s: %v", text, d.JSON(), err)
		}
		for _, route := range slices.Concat(routes, users) {
			code, ok := d.Code(route)
			if back, found := d.Route(code); !ok || !found || back != route || codes[route] != code {
				t.Errorf("%q has the code %d, which is %q, and %d in %s", route, code, back, codes[route], d.JSON())
			}
		}
		if _, ok := d.Route(0); ok {
			t.Error("0 is a route's code")
		}
		talk := opened(pomelo.Config{Dict: d}, hello, ack)
		for code := 0; code <= len(routes)+len(users)+1; code++ {
			talk.says(data("\x03" + string([]byte{byte(code >> 8), byte(code)})))
			if want, ok := d.Route(uint16(code)); ok != (len(talk.step.Requests) == 1) || ok && talk.step.Requests[0].Route != want {
				t.Errorf("code %d: %s, want %q", code, todo(talk.step), want)
			}
		}
	})
}
