package pomelo_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
)

// allocated is how many bytes f allocates: the least of three runs, since others
// allocate beside it.
func allocated(f func()) (bytes uint64) {
	bytes = 1 << 63
	for range 3 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f()
		runtime.ReadMemStats(&after)
		bytes = min(bytes, after.TotalAlloc-before.TotalAlloc)
	}
	return bytes
}

// wide is a schema of messages with a hundred fields, some with long names.
func wide(t testing.TB) *pomelo.Schema {
	var fields strings.Builder
	for i := range 100 {
		fmt.Fprintf(&fields, `"repeated uInt32 field%d":%d,`, i, 100+i)
	}
	node := `{` + fields.String() + `"optional Node next":1,"repeated Node many":2,"repeated uInt32 ` + strings.Repeat("long", 25) + `":3,
		"optional uInt32 ` + strings.Repeat("long", 20) + `":4,"repeated float fs":5,"repeated double ds":6,"optional string s":7,"repeated string ss":8}`
	return schema(t, `{"message Node":`+node+`,"r":`+node+`}`)
}

// within is a field of this tag that holds b.
func within(tag byte, b string) string {
	return string(append(varint([]byte{tag<<3 | 2}, len(b)), b...))
}

func varint(dst []byte, n int) []byte {
	for ; n >= 0x80; n >>= 7 {
		dst = append(dst, byte(n)|0x80)
	}
	return append(dst, byte(n))
}

func TestTypedBodiesTakeMemoryInProportion(t *testing.T) { // F 20, F 24
	deep, deeper := "", ""
	for range 31 {
		deep = within(1, deep)
	}
	for range 32 {
		deeper = within(1, deeper)
	}
	count := func(tag byte, n int, elements string) string {
		return string(varint([]byte{tag << 3}, n)) + elements
	}
	s := wide(t)
	for name, c := range map[string]struct {
		body string
		want error
	}{
		"empty messages, many fields each":    {strings.Repeat(within(2, ""), 30_000), nil},
		"messages of messages":                {strings.Repeat(within(2, within(2, "")), 15_000), nil},
		"thirty-two levels of many fields":    {deep, nil},
		"one level more":                      {deeper, pomelo.ErrDepth},
		"thirty-two levels, again and again":  {strings.Repeat(within(2, deep[2:]), 900), nil},
		"members with long names":             {strings.Repeat(within(2, "\x20\x01"), 15_000), pomelo.ErrGrowth},
		"few members with long names":         {strings.Repeat(within(2, "\x20\x01"), 500), nil},
		"one member, again and again":         {strings.Repeat("\x20\x01", 30_000), pomelo.ErrGrowth},
		"small numbers":                       {count(3, 60_000, strings.Repeat("\x01", 60_000)), nil},
		"large numbers":                       {count(3, 6000, strings.Repeat("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 6000)), nil},
		"lists of one, between others":        {strings.Repeat("\x18\x01\x07\x38\x00", 12_000), pomelo.ErrGrowth},
		"floats with all their digits":        {count(5, 15_000, strings.Repeat("\xb7\x51\x83\x36", 15_000)), nil},
		"doubles with all their digits":       {count(6, 8000, strings.Repeat("\x9a\x99\x99\x99\x99\x99\xf1\xbf", 8000)), nil},
		"more elements than bytes":            {count(3, 1<<40, "\x01"), pomelo.ErrShortBody},
		"more floats than bytes":              {count(5, 1<<62, "\x01\x01\x01\x01"), pomelo.ErrShortBody},
		"a longer string than there is":       {"\x3a" + string(varint(nil, 1<<40)) + "x", pomelo.ErrShortBody},
		"control characters":                  {within(7, strings.Repeat("\x01", 60_000)), nil},
		"text that is no UTF-8":               {within(7, strings.Repeat("\xff", 60_000)), nil},
		"empty texts":                         {strings.Repeat(within(8, ""), 30_000), nil},
		"a hundred lists, all over the place": {interleaved(6000), nil},
	} {
		t.Run(name, func(t *testing.T) {
			var text []byte
			var err error
			body := []byte(c.body)
			if got, most := allocated(func() { text, err = s.AppendJSON(nil, "r", body) }), uint64(8*len(body)+64<<10); got > most {
				t.Errorf("%d bytes allocate %d, want at most %d", len(body), got, most)
			}
			if !errors.Is(err, c.want) || (c.want != nil && !errors.Is(err, connectors.ErrMalformed)) {
				t.Fatalf("decoding: %v, want %v", err, c.want)
			}
			if err == nil && !json.Valid(text) {
				t.Errorf("%.100q is no JSON", text)
			}
		})
	}
}

// interleaved is n bytes of lists with a number each, one after the other.
func interleaved(n int) string {
	var b []byte
	for i := 0; len(b) < n; i++ {
		b = append(varint(b, (100+i%100)<<3), 1, 1)
	}
	return string(b)
}

func TestTextIsMeasuredExactly(t *testing.T) {
	s := schema(t, fuzzed)
	for _, text := range []string{
		`{"u":0}`, `{"u":9}`, `{"u":10}`, `{"u":18446744073709551615}`,
		`{"i":0}`, `{"i":-1}`, `{"i":9}`, `{"i":-10}`, `{"i":-9223372036854775807}`, `{"i":9223372036854775807}`,
		`{"f":-1.5}`, `{"d":1e-7}`, `{"d":-123456.789}`, `{"s":""}`, `{"s":"\"\\\u0001 中 😀"}`,
		`{"us":[1,20,300]}`, `{"ss":["a","","\\"]}`, `{"node":{"next":{"s":"x"}}}`, `{"nodes":[{},{"is":[-1,-100]},{}]}`,
	} {
		body, err := s.AppendBody(nil, "r", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.AppendJSON(nil, "r", body)
		if err != nil {
			t.Fatal(err)
		}
		again, _ := s.AppendJSON(make([]byte, 0, len(got)), "r", body)
		if room := cap(got); room > len(got)+len(got)/4+16 || len(again) != len(got) {
			t.Errorf("%s: room for %d bytes is made", got, room)
		}
	}
}
