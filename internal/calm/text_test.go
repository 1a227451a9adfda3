package calm_test

import (
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/fairlead-go/fairlead/internal/calm"
)

func TestText(t *testing.T) {
	long := strings.Repeat("x", 300)
	for name, c := range map[string]struct {
		in   string
		most int
		want string
	}{
		"nothing":                  {"", 10, ""},
		"plain text":               {`a "b" \c`, 10, `a "b" \c`},
		"text of the world":        {"中文, ñ, 😀, 　, �", 100, "中文, ñ, 😀, 　, �"},
		"line ends":                {"a\r\nb\tc", 100, `a\r\nb\tc`},
		"an escape sequence":       {"\x1b[31mred\x00\x7f", 100, `\x1b[31mred\x00\x7f`},
		"controls above ASCII":     {"a\u0085\u009bb", 100, `a\u0085\u009bb`},
		"text that turns around":   {"a\u202eb\u2066c\u200fd\u061c", 100, `a\u202eb\u2066c\u200fd\u061c`},
		"marks without a width":    {"a\ufeffb\u200dc\u00add", 100, `a\ufeffb\u200dc\u00add`},
		"separators of lines":      {"a\u2028b\u2029c", 100, `a\u2028b\u2029c`},
		"tags":                     {"a\U000e0041", 100, `a\U000e0041`},
		"no UTF-8":                 {"a\xffb\xc3(\xed\xa0\xbd", 100, `a\xffb\xc3(\xed\xa0\xbd`},
		"as long as may be":        {long[:256], 256, long[:256]},
		"a byte longer":            {long[:257], 256, long[:249] + "…+8"},
		"much longer":              {strings.Repeat(long, 100), 256, long[:247] + "…+29753"},
		"longer once escaped":      {strings.Repeat("\x01", 65), 256, strings.Repeat(`\x01`, 62) + "…+3"},
		"cut between characters":   {strings.Repeat("中", 90), 256, strings.Repeat("中", 83) + "…+21"},
		"too few for the number":   {long, 3, "…+300"},
		"few, and nothing to cut":  {"abc", 3, "abc"},
		"few, and all escaped":     {"\x00", 3, "…+1"},
		"a text of nothing at all": {long, 0, "…+300"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := calm.Text(c.in, c.most); got != c.want {
				t.Errorf("Text(%.40q, %d) = %q, want %q", c.in, c.most, got, c.want)
			}
		})
	}
}

// loud is the first character of s that must not be in a log line, -1 if there is none.
func loud(s string) rune {
	for i, r := range s {
		_, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r < ' ', r >= 0x7f && r < 0xa0, r == utf8.RuneError && n == 1:
			return r
		case r == 0x2028, r == 0x2029, unicode.Is(unicode.Cf, r):
			return r
		}
	}
	return -1
}

func FuzzText(f *testing.F) {
	for _, s := range []string{"", "plain", "a\nb", "\x1b]0;\x07", "\u202e\ufeff", "\xff\xc3(", strings.Repeat("中\x01", 100)} {
		f.Add(s, 256)
		f.Add(s, 30)
	}
	f.Fuzz(func(t *testing.T, s string, most int) {
		most = max(most%2000, 0)
		got := calm.Text(s, most)
		if r := loud(got); r >= 0 {
			t.Errorf("Text(%q, %d) = %q with %U in it", s, most, got, r)
		}
		if len(got) > max(most, 24) {
			t.Errorf("Text(%q, %d) is %d bytes: %q", s, most, len(got), got)
		}
		if loud(s) < 0 && len(s) <= most && got != s && !strings.ContainsFunc(s, func(r rune) bool { return !strconv.IsGraphic(r) }) {
			t.Errorf("Text(%q, %d) = %q, want it as it is", s, most, got)
		}
		if again := calm.Text(got, most); most >= 24 && again != got {
			t.Errorf("Text(%q, %d) = %q, and that of it %q", s, most, got, again)
		}
	})
}
