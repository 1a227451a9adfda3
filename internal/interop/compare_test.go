package interop_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// samePackage tells whether two packages say the same: bodies are compared as
// JSON values, everything else byte for byte. The length follows the body.
func samePackage(got, want []byte) bool {
	if bytes.Equal(got, want) {
		return true
	}
	if len(got) < 4 || len(want) < 4 || got[0] != want[0] || len(got) != 4+bodyLength(got) {
		return false
	}
	g, w := got[4:], want[4:]
	switch want[0] {
	case 1:
		return sameJSON(g, []byte(withoutBig.Replace(string(w))))
	case 5:
		return sameJSON(g, w)
	case 4:
		n, ok := headLength(w)
		return ok && len(g) >= n && bytes.Equal(g[:n], w[:n]) && sameJSON(g[n:], w[n:])
	}
	return false
}

// withoutBig takes a field of the type uInt64 out of the recorded schemas: the
// reference knows no such type and fails on it, we refuse it (F 24).
var withoutBig = strings.NewReplacer(`,"big":{"option":"repeated","type":"uInt64","tag":5}`, ``, `,"5":"big"`, ``)

// headLength is the length of a server's message before its body.
func headLength(m []byte) (int, bool) {
	if len(m) < 2 {
		return 0, false
	}
	switch m[0] {
	case 4: // response: an id
		for i, b := range m[1:] {
			if b < 0x80 {
				return 2 + i, true
			}
		}
	case 6: // push: a route
		return 2 + int(m[1]), len(m) >= 2+int(m[1])
	case 7: // push: the code of a route
		return 3, len(m) >= 3
	}
	return 0, false
}

func sameJSON(got, want []byte) bool {
	var g, w any
	if json.Unmarshal(got, &g) != nil || json.Unmarshal(want, &w) != nil {
		return false
	}
	return reflect.DeepEqual(g, w)
}

// String shows an arrival in a message of failure.
func (a arrival) String() string {
	switch {
	case a.err != nil:
		return fmt.Sprintf("the end (%v)", a.err)
	case a.op == opBinary && len(a.data) >= 4:
		return show(a.data)
	case a.op == 0 && a.data == nil:
		return "nothing"
	}
	return fmt.Sprintf("opcode %d with %.80q", a.op, a.data)
}

// show shows a package.
func show(p []byte) string { return fmt.Sprintf("package %d %.200q", p[0], p[4:]) }

func TestPackagesAreComparedByWhatTheySay(t *testing.T) {
	for name, tt := range map[string]struct {
		got, want []byte
		same      bool
	}{
		"equal bytes":            {pkg(3, ""), pkg(3, ""), true},
		"members in other order": {answer(1, `{"a":1,"b":2}`), answer(1, `{ "b":2.0, "a":1 }`), true},
		"another value":          {answer(1, `{"a":1}`), answer(1, `{"a":2}`), false},
		"another id":             {answer(1, `{}`), answer(2, `{}`), false},
		"a long id":              {pkg(4, "\x04\x80\x01{ }"), pkg(4, "\x04\x80\x01{}"), true},
		"another push route":     {pkg(4, "\x06\x02ab{}"), pkg(4, "\x06\x02ac{ }"), false},
		"a push":                 {pkg(4, "\x06\x02ab{}"), pkg(4, "\x06\x02ab{ }"), true},
		"a push by code":         {pkg(4, "\x07\x00\x20{}"), pkg(4, "\x07\x00\x20{ }"), true},
		"another push code":      {pkg(4, "\x07\x00\x20{}"), pkg(4, "\x07\x00\x21{ }"), false},
		"typed bodies":           {answer(1, "\x08\x01"), answer(1, "\x08\x02"), false},
		"a handshake":            {pkg(1, `{"code":200,"sys":{}}`), pkg(1, `{"sys":{},"code":200}`), true},
		"a handshake without the field of an unknown type": {
			pkg(1, `{"a":{"x":1},"b":{"1":"x"}}`),
			pkg(1, `{"a":{"x":1,"big":{"option":"repeated","type":"uInt64","tag":5}},"b":{"1":"x","5":"big"}}`), true,
		},
		"a heartbeat with a body": {pkg(3, "x"), pkg(3, ""), false},
		"a body that is no JSON":  {answer(1, `x`), answer(1, `y`), false},
		"a wrong length":          {append(answer(1, `{}`), ' '), answer(1, `{}`), false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := samePackage(tt.got, tt.want); got != tt.same {
				t.Errorf("same = %v, want %v", got, tt.same)
			}
		})
	}
}
