package main

import (
	"testing"
	"time"
)

func TestMarksAreFoundInWhateverIsPushed(t *testing.T) {
	m := newMark()
	body := []byte(`{"name":"x","content":"` + string(fill(m.append(17), 100)) + `"}`)
	n, age, ok := m.find(body)
	if n != 17 || age < 0 || age > time.Minute || !ok {
		t.Errorf("mark = %d, %v, %v", n, age, ok)
	}
	prefix := string(m.prefix)
	for name, body := range map[string]string{
		"nothing":             ``,
		"another run's":       newMark().append(1),
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

func TestFillMakesTheSizeAndKeepsTheMark(t *testing.T) {
	for size, want := range map[int]string{0: "ab", 2: "ab", 3: "abx", 5: "abxxx"} {
		if got := string(fill("ab", size)); got != want {
			t.Errorf("size %d: %q, want %q", size, got, want)
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
