package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fairlead-go/fairlead/internal/leak"
)

func TestMain(m *testing.M) { leak.Main(m) }

func results() []*result {
	s := scenarios()
	return []*result{
		{row{s[0], "tcp"}, side{values: []float64{8, 6, 7}, p99: []float64{2000, 1000, 3000}}, side{values: []float64{5, 6, 7}, p99: []float64{900, 900, 12000}}},
		{row{s[2], "tcp"}, side{values: []float64{10}}, side{values: []float64{5}}},
		{row{s[7], "ws"}, side{values: []float64{8, 7.4}}, side{values: []float64{10, 12}, trouble: []string{"1× lost"}}},
		{row{s[3], "ws"}, side{values: []float64{123.4}}, side{values: []float64{100}}},
	}
}

func TestTable(t *testing.T) {
	text := table(results(), []string{"-rounds", "3"})
	for _, want := range []string{
		"`bash bench/run -rounds 3`",
		"\n| echo, 100 connections, 1 in flight | TCP | 7.00 (6.00..8.00) | 6.00 (5.00..7.00) | 1.17 (1.00..1.60) | 1.25 | 1.10 | 2.00, 0.90 |\n",
		"\n| idle, 10000 connections, KB each | WebSocket | 7.70 (7.40..8.00) | 11.0 (10.0..12.0) | 0.70 (0.62..0.80) | **7.50 KB**: over | 6.00 KB |  |\n",
		"\n| echo, 9000 connections, 1 in flight | WebSocket | 123 (123..123) | 100 (100..100) | 1.23 (1.23..1.23) |  |  |  |\n",
		"\n- echo, TCP: 1.17, 2.00, at most 71 % over the first; must 15 %\n",
		"\n- idle, 10000 connections, KB each, WebSocket, the floor: 1× lost\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the table has no %q:\n%s", want, text)
		}
	}
	if text := table(results()[:1], nil); !strings.HasSuffix(text, "No run had an error, and all that was broadcast was delivered.\n") {
		t.Errorf("of runs without trouble it says:\n%s", text)
	}
}

func TestThePageHasItsPlace(t *testing.T) {
	b, err := os.ReadFile("../../" + page)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "page.md")
	for range 2 { // what has been written is written over
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := replace(file, "new\n"); err != nil {
			t.Fatal(err)
		}
		if b, err = os.ReadFile(file); err != nil || strings.Count(string(b), begin+"new\n"+end) != 1 {
			t.Fatalf("%v, and %d times what was written", err, strings.Count(string(b), "new\n"))
		}
	}
	if err := os.WriteFile(file, []byte("no place"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := replace(file, "new\n"); err == nil {
		t.Error("a page without a place for it has been written")
	}
}

func TestTheRobotsWords(t *testing.T) {
	file := filepath.Join(t.TempDir(), "said.json")
	text := `{"format":1,"median":{"cpu_us_per_msg":7.5,"p99_us":120,"errors":2,"delivered":0.5},"failures":[{"text":"lost","count":2}]}`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := read(file)
	if err != nil {
		t.Fatal(err)
	}
	var to side
	if err := to.add(cpu, s); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(to.trouble, "; "); got != "2× lost; 50 % delivered" || to.values[0] != 7.5 || to.p99[0] != 120 {
		t.Errorf("%v, p99 %v, %q", to.values, to.p99, got)
	}
	if err := to.add(memory, s); err == nil {
		t.Error("what was not said has been added")
	}
}

func TestChoose(t *testing.T) {
	for only, want := range map[string]int{"": 16, "echo": 8, "echo ws": 4, "idle TCP": 1, "depth 16": 2, "nothing": 0} {
		if got := len(choose(only)); got != want {
			t.Errorf("%q chooses %d rows, want %d", only, got, want)
		}
	}
}

func TestFlags(t *testing.T) {
	if o, err := parse([]string{"-rounds", "3"}, io.Discard); err != nil || !o.write || o.rounds != 3 {
		t.Errorf("%+v, %v", o, err)
	}
	if o, err := parse([]string{"-only", "echo"}, io.Discard); err != nil || o.write {
		t.Errorf("%+v, %v: a part is not written", o, err)
	}
	for _, args := range [][]string{{"-rounds", "0"}, {"more"}} {
		if _, err := parse(args, io.Discard); err == nil {
			t.Errorf("%q is taken", args)
		}
	}
}
