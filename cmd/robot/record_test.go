package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// golden compares got with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	want, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is to be\n%s\nand is\n%s", name, want, got)
	}
}

// exampleRecord is of three rounds, of which one was faster.
func exampleRecord() *record {
	one, two, three := exampleResult(), exampleResult(), exampleResult()
	two.measured, three.after.cpu = time.Second, 3*time.Second
	r := newRecord([]*result{one, two, three})
	r.Machine = machine{Cores: 2, OS: "linux", Arch: "amd64", Go: "go1.26.8", CPU: "a model"}
	return r
}

func TestTheRecordIsJSON(t *testing.T) {
	var out bytes.Buffer
	if err := exampleRecord().write("-", &out); err != nil {
		t.Fatal(err)
	}
	golden(t, "broadcast.json", out.String())
}

func TestTheRecordOfSeveralRoundsIsATable(t *testing.T) {
	golden(t, "rounds.txt", exampleRecord().table())
}

func TestSpread(t *testing.T) {
	median, lowest, highest := spread([]values{{"a": 3, "b": 1}, {"a": 1, "b": 1}, {"a": 2}, {"a": 7}})
	if median["a"] != 2.5 || lowest["a"] != 1 || highest["a"] != 7 || median["b"] != 1 {
		t.Errorf("median %v, lowest %v, highest %v", median, lowest, highest)
	}
}

func TestRoundKeepsSixDigits(t *testing.T) {
	for f, want := range map[float64]float64{0: 0, 1.23456789: 1.23457, -0.000123456789: -0.000123457, 123456.7: 123457, 98765432.1: 98765432} {
		if got := round(f); got != want {
			t.Errorf("%v is %v, want %v", f, got, want)
		}
	}
}

// A run writes a record that a comparison reads.
func TestRoundsAreRecordedAndCompared(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.json")
	report, err := robot(t, t.Context(), "-rounds", "3", "-addr", "tcp://"+serve(t, lobby{}), "-json", file)
	if err != nil || !strings.Contains(report, "medians of 3 rounds") || !strings.Contains(report, "messages per s") {
		t.Errorf("run: %v\n%s", err, report)
	}
	all, err := readRecords(file)
	if err != nil || len(all) != 1 {
		t.Fatalf("%d records, %v", len(all), err)
	}
	r := all[0]
	if r.Scenario != "echo" || r.Transport != "tcp" || r.Conns != 4 || r.Depth != 1 || r.Size != 32 || r.Rounds != 3 || len(r.Each) != 3 ||
		!strings.HasPrefix(r.Command, "robot -conns 4 ") || r.Machine != thisMachine() || len(r.Failures) > 0 {
		t.Errorf("record %+v", r)
	}
	for _, name := range []string{"msgs", "msgs_per_s", "p50_us", "p90_us", "p99_us", "p999_us", "max_us", "wall_s"} {
		if r.Lowest[name] <= 0 || r.Lowest[name] > r.Median[name] || r.Median[name] > r.Highest[name] {
			t.Errorf("%s is %v, from %v to %v", name, r.Median[name], r.Lowest[name], r.Highest[name])
		}
	}
	if table, err := robot(t, t.Context(), "-compare", file, file); err != nil || !strings.Contains(table, "1.00  same") {
		t.Errorf("compared with itself: %v\n%s", err, table)
	}
}

func TestTheRecordAloneGoesToStdout(t *testing.T) {
	report, err := robot(t, t.Context(), "-scenario", "idle", "-json", "-", "-addr", "tcp://"+serve(t, lobby{}))
	var r record
	if bad := json.Unmarshal([]byte(report), &r); err != nil || bad != nil || r.Scenario != "idle" || r.Median["connected"] != 4 {
		t.Errorf("run: %v, %v\n%s", err, bad, report)
	}
}

func TestARoundThatFailsIsNamed(t *testing.T) {
	_, err := robot(t, t.Context(), "-rounds", "2", "-addr", "tcp://"+serve(t, lobby{echo: fails}))
	if err == nil || !strings.HasPrefix(err.Error(), "round 1 of 2: ") {
		t.Errorf("error %v", err)
	}
}

func TestCommandLinesAreAsAShellReadsThem(t *testing.T) {
	got := strings.Join(quoted([]string{"-a", "b c", "", "it's", "ws://h:1/?a"}), " ")
	if want := `-a 'b c' '' 'it'\''s' 'ws://h:1/?a'`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
