package jsondepth_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/fairlead-go/fairlead/internal/jsondepth"
)

func TestDepthIsWhatADecoderSees(t *testing.T) {
	nest := func(open, inner, closing string, n int) string {
		return strings.Repeat(open, n) + inner + strings.Repeat(closing, n)
	}
	for text, depth := range map[string]int{
		``:                          0,
		`1`:                         0,
		`"[[["`:                     0,
		`[]`:                        1,
		`{}`:                        1,
		` [ 1 , { } ] `:             2,
		`{"a":[1,{"b":[]}]}`:        4,
		`[[],[],[[]],[]]`:           3,
		`{"[":"{"}`:                 1,
		`["\"[["]`:                  1,
		`["\\",[]]`:                 2,
		`["\\\"[",[]]`:              2,
		`["\\\\",[]]`:               2,
		`["\u005b"]`:                1,
		`["]",[]]`:                  2,
		`["[[[[\\`:                  1, // the text ends in a string
		`"`:                         0,
		`]]]][[[[`:                  0, // no decoder gets to the end
		nest("[", "", "]", 32):      32,
		nest(`{"a":`, "0", "}", 33): 33,
		nest("[", "", "", 40):       40,
	} {
		for most := range 50 {
			want := error(nil)
			if depth > most {
				want = jsondepth.ErrDeep
			}
			if err := jsondepth.Check([]byte(text), most); !errors.Is(err, want) {
				t.Errorf("%s against %d levels: %v, want %v", text, most, err, want)
			}
		}
	}
}

func TestABombIsRefusedAtItsFirstBytes(t *testing.T) {
	bomb := bytes.Repeat([]byte("["), 1<<20)
	few := bomb[:33]
	if n := testing.AllocsPerRun(100, func() {
		if jsondepth.Check(bomb, 32) == nil || jsondepth.Check(few, 32) == nil {
			t.Error("33 levels pass")
		}
	}); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
	if jsondepth.Check(few, 33) != nil {
		t.Error("33 levels of 33 are refused")
	}
}

// FuzzCheck compares with the depth that encoding/json comes to, token by token.
func FuzzCheck(f *testing.F) {
	for _, s := range []string{`{"a":[1,"\"["]}`, `[[[[`, `]`, `"\\\"`, `[{]}`, `[1 2 [`, "{\"\xff\":[null]}"} {
		f.Add([]byte(s), 2)
	}
	f.Fuzz(func(t *testing.T, b []byte, most int) {
		most = max(most%100, 0)
		depth := deepest(b)
		err := jsondepth.Check(b, most)
		if depth > most && err == nil {
			t.Errorf("%q: passes %d levels, a decoder comes to %d", b, most, depth)
		}
		if depth <= most && err != nil && json.Valid(b) {
			t.Errorf("%q: %v, and it has %d levels of %d", b, err, depth, most)
		}
	})
}

// deepest is how deep a decoder comes until the text ends or makes no sense.
func deepest(b []byte) (deepest int) {
	d, depth := json.NewDecoder(bytes.NewReader(b)), 0
	for {
		t, err := d.Token()
		if err != nil {
			return deepest
		}
		switch t {
		case json.Delim('['), json.Delim('{'):
			depth++
		case json.Delim(']'), json.Delim('}'):
			depth--
		}
		deepest = max(deepest, depth)
	}
}

func BenchmarkCheck(b *testing.B) {
	for name, text := range map[string]string{
		"texts":   `{"text":"` + strings.Repeat("Lorem ipsum dolor sit amet, ", 200) + `"}`,
		"members": `[` + strings.TrimSuffix(strings.Repeat(`{"x":12.5,"y":-3,"name":"ann"},`, 200), ",") + `]`,
		"numbers": `[` + strings.TrimSuffix(strings.Repeat(`1234567890,`, 500), ",") + `]`,
		"escapes": `"` + strings.Repeat(`\"`, 2500) + `"`,
		"lists":   `[` + strings.TrimSuffix(strings.Repeat(`[],`, 2000), ",") + `]`,
	} {
		b.Run(fmt.Sprintf("%s/bytes=%d", name, len(text)), func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			body := []byte(text)
			for b.Loop() {
				if jsondepth.Check(body, 32) != nil {
					b.Fatal("refused")
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(body)), "ns/byte")
		})
	}
}
