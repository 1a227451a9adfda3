package main

import (
	"strings"
	"testing"
	"time"
)

func TestMarksAreFoundInWhateverIsPushed(t *testing.T) {
	m := newMark()
	body := append(pad(m.append([]byte(`{"name":"x","content":"`), 17, time.Minute), 100), `"}`...)
	n, at, ok := m.find(body)
	if n != 17 || at != time.Minute || !ok {
		t.Errorf("mark = %d, %v, %v", n, at, ok)
	}
	prefix := string(m.prefix)
	for name, body := range map[string]string{
		"nothing":             ``,
		"another run's":       string(newMark().append(nil, 1, 0)),
		"cut behind the run":  prefix,
		"cut behind a number": prefix + "1.",
		"cut in the time":     prefix + "1.23",
		"no number":           prefix + "x.1;",
		"a negative number":   prefix + "-1.1;",
		"no time":             prefix + "1.;",
	} {
		if n, _, ok := m.find([]byte(body)); ok {
			t.Errorf("%s: found push %d", name, n)
		}
	}
}

func TestContentsAreOfTheirSizeAndDiffer(t *testing.T) {
	for size, want := range map[int]string{0: "c.7;", 4: "c.7;", 5: "c.7;x", 200: "c.7;" + strings.Repeat("x", 196)} {
		c := contents{name: "c", size: size}
		if got := string(c.content(7)); got != want {
			t.Errorf("size %d: %q, want %q", size, got, want)
		}
		if got, want := string(c.body(7)), `{"content":"`+want+`"}`; got != want {
			t.Errorf("size %d: body %q, want %q", size, got, want)
		}
	}
}

func TestSetsKnowWhatWasIn(t *testing.T) {
	var s set
	for _, n := range []int{0, 1, 63, 64, 1000, 5} {
		if !s.add(n) {
			t.Errorf("%d was in before", n)
		}
		if s.add(n) {
			t.Errorf("%d was not in", n)
		}
	}
}
