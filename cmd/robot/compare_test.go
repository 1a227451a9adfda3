package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// file writes records to a file, one behind the other.
func file(t *testing.T, all ...*record) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "r.json")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, r := range all {
		if err := r.write("-", f); err != nil {
			t.Fatal(err)
		}
	}
	return name
}

// other is r with all numbers of one name multiplied.
func (r record) other(name string, by float64) *record {
	for _, v := range []*values{&r.Median, &r.Lowest, &r.Highest} {
		changed := values{}
		for k, f := range *v {
			changed[k] = f
		}
		changed[name] *= by
		*v = changed
	}
	return &r
}

func TestTwoFilesAreATable(t *testing.T) {
	was := exampleRecord()
	is := was.other("cpu_us_per_msg", .1).other("p99_us", 2).other("delivered", .9)
	is.Machine.Cores = 4
	idle := exampleRecord()
	idle.Scenario, idle.Rounds = "idle", 1
	table, gotWorse, err := compareFiles(file(t, was, idle), file(t, idle.other("rss_kb_per_conn", 1.04).other("msgs_per_s", 1.06), is))
	if err != nil || gotWorse != 2 {
		t.Errorf("%d got worse, %v", gotWorse, err)
	}
	golden(t, "compare.txt", table)
}

func TestVerdicts(t *testing.T) {
	less, more := quantity{name: "x", better: -1}, quantity{name: "x", better: 1}
	rec := func(rounds int, low, mid, high float64) *record {
		return &record{Rounds: rounds, Lowest: values{"x": low}, Median: values{"x": mid}, Highest: values{"x": high}}
	}
	for name, tt := range map[string]struct {
		q       quantity
		was, is *record
		want    string
	}{
		"4 % with one round":            {less, rec(1, 100, 100, 100), rec(1, 104, 104, 104), same},
		"6 % with one round":            {less, rec(1, 100, 100, 100), rec(1, 106, 106, 106), worse},
		"6 % where more is better":      {more, rec(1, 100, 100, 100), rec(1, 106, 106, 106), better},
		"ranges that touch":             {less, rec(3, 90, 100, 110), rec(3, 110, 120, 130), same},
		"ranges apart":                  {less, rec(3, 90, 100, 109), rec(3, 110, 120, 130), worse},
		"ranges apart, the other way":   {less, rec(3, 110, 120, 130), rec(3, 90, 100, 109), better},
		"1 %, but all rounds":           {less, rec(3, 100, 100, 100), rec(3, 99, 99, 99), better},
		"two rounds against many":       {less, rec(2, 50, 100, 150), rec(9, 120, 120, 120), worse},
		"errors where there were none":  {less, rec(1, 0, 0, 0), rec(1, 1, 1, 1), worse},
		"nearly all, where it was all":  {quantity{name: "x", better: 1, exact: true}, rec(3, 1, 1, 1), rec(3, .99, .999, 1), worse},
		"no errors where there are not": {less, rec(3, 0, 0, 0), rec(3, 0, 0, 0), same},
	} {
		if got := tt.q.verdict(tt.was, tt.is); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
}

func TestFilesThatCannotBeCompared(t *testing.T) {
	good, other := exampleRecord(), exampleRecord()
	other.Conns = 1
	old := exampleRecord()
	old.Format = 2
	bad := filepath.Join(t.TempDir(), "bad.json")
	if err := os.WriteFile(bad, []byte("{"), 0o666); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct{ a, b, says string }{
		"other runs":    {file(t, good), file(t, other), "nothing to compare"},
		"another form":  {file(t, old), file(t, good), "not a result that this robot reads"},
		"no JSON":       {file(t, good), bad, "bad.json"},
		"no file":       {file(t, good), bad + "x", "bad.jsonx"},
		"nothing in it": {file(t), file(t, good), "nothing to compare"},
	} {
		_, err := robot(t, t.Context(), "-compare", tt.a, tt.b)
		if err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v, want %q", name, err, tt.says)
		}
	}
	table, err := robot(t, t.Context(), "-compare", file(t, good), file(t, good.other("cpu_us_per_msg", 9)))
	if err == nil || err.Error() != "1 got worse" || !strings.Contains(table, worse) {
		t.Errorf("%v\n%s", err, table)
	}
}
