package jsondepth_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/fairlead-go/fairlead/internal/jsondepth"
)

// texts are JSON and what nearly is.
var texts = []string{
	``, ` `, `null`, `true`, `false`, `nul`, `nulll`, `tru`, `t`, `0`, `-0`, `00`, `01`, `-`, `-1`, `1.`, `1.5`, `.5`, `1e`, `1e+`, `1E-7`, `12e3 `, `1 2`, `+1`,
	`""`, `"`, `"a`, `"a"`, `"\"`, `"\""`, `"\x"`, `"\u12"`, `"\u12g4"`, `"\uD83D\uDE00"`, `"\/\b\f\n\r\t\\"`, "\"\x1f\"", "\"\x7f\xff\"", "\"\n\"", `"0123456789abcdef"`, `"01234567\"9abcdef"`, `"0123456789abcde` + "\x01" + `"`,
	`[]`, `[`, `]`, `[1]`, `[1,]`, `[,1]`, `[1 2]`, `[ 1 , 2 ]`, `[[[]]]`, `[[]`, `{}`, `{`, `{"a"}`, `{"a":}`, `{"a":1}`, `{"a":1,}`, `{a:1}`, `{"a" : [ {} ] , "b":null}`, `{"a":1 "b":2}`, `{1:2}`, `["a":1]`,
	"\t[ ]\r\n", `[]x`, `"é€😀"`, strings.Repeat("[", 40) + strings.Repeat("]", 40),
}

func TestValidIsWhatTheLibrarySays(t *testing.T) {
	for _, text := range texts {
		judge(t, []byte(text))
	}
}

func FuzzValid(f *testing.F) {
	for _, text := range texts {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, b []byte) { judge(t, b) })
}

func judge(t *testing.T, b []byte) {
	t.Helper()
	err := jsondepth.Valid(b, 32)
	switch {
	case errors.Is(err, jsondepth.ErrDeep):
		if jsondepth.Check(b, 32) == nil {
			t.Errorf("%q: too deep, which it is not", b)
		}
	case (err == nil) != json.Valid(b):
		t.Errorf("%q: %v, the library says %v", b, err, json.Valid(b))
	case err == nil && jsondepth.Check(b, 32) != nil:
		t.Errorf("%q is too deep", b)
	}
	if n := jsondepth.String(b); n > len(b) || n >= 0 && !json.Valid(b[:n]) {
		t.Errorf("%q begins with a string of %d bytes", b, n)
	} else if n < 0 && len(b) > 0 && b[0] == '"' && json.Valid(b) {
		t.Errorf("%q begins with no string", b)
	}
}

func TestStringEndsWhereItEnds(t *testing.T) {
	for text, want := range map[string]int{`"a",1`: 3, `"\""]`: 4, `"abcdefgh"x`: 10, `a`: -1, ``: -1, `"a`: -1} {
		if got := jsondepth.String([]byte(text)); got != want {
			t.Errorf("%s ends at %d, want %d", text, got, want)
		}
	}
}

func BenchmarkValid(b *testing.B) {
	text := []byte(`{"content":"a body of some sixty bytes, as games have them"}`)
	b.ReportAllocs()
	for b.Loop() {
		if jsondepth.Valid(text, 32) != nil {
			b.Fatal("not valid")
		}
	}
}
