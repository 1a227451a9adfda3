package main

import (
	"fmt"
	"math"
	"strings"
)

// alike is how far the medians of two runs may be apart without saying anything, where nothing is known of how
// far rounds of the same are.
const alike = 0.05

// verdicts on a quantity.
const (
	same   = "same"
	better = "better"
	worse  = "worse"
)

// compareFiles is a table of what is in both files, and how many quantities have got worse.
func compareFiles(older, newer string) (table string, gotWorse int, err error) {
	a, err := readRecords(older)
	if err != nil {
		return "", 0, err
	}
	b, err := readRecords(newer)
	if err != nil {
		return "", 0, err
	}
	var out strings.Builder
	compared := 0
	for _, was := range a {
		for _, is := range b {
			if was.name() == is.name() {
				compared++
				gotWorse += compareRecords(&out, was, is)
			}
		}
	}
	if compared == 0 {
		return "", 0, fmt.Errorf("nothing to compare: %s is %s, and %s is %s", older, names(a), newer, names(b))
	}
	return out.String(), gotWorse, nil
}

func names(all []*record) string {
	var list []string
	for _, r := range all {
		list = append(list, r.name())
	}
	return strings.Join(list, "; ")
}

// compareRecords writes a table of was beside is.
func compareRecords(out *strings.Builder, was, is *record) (gotWorse int) {
	if out.Len() > 0 {
		out.WriteByte('\n')
	}
	fmt.Fprintf(out, "%s: %s and %s\n", is.name(), rounds(was.Rounds), rounds(is.Rounds))
	if was.Machine != is.Machine {
		fmt.Fprintf(out, "  not the same machine: %s, then %s\n", was.Machine, is.Machine)
	}
	fmt.Fprintf(out, "\n  %-36s %12s %12s %8s\n", "", "before", "after", "ratio")
	for _, q := range quantities {
		a, known := was.Median[q.name]
		b, both := is.Median[q.name]
		if !known || !both {
			continue
		}
		v := ""
		if q.better != 0 {
			v = q.verdict(was, is)
		}
		if v == worse {
			gotWorse++
		}
		row := fmt.Sprintf("  %-36s %12s %12s %8s  %s", q.says, plainNumber(a), plainNumber(b), ratio(a, b), v)
		fmt.Fprintln(out, strings.TrimRight(row, " "))
	}
	return gotWorse
}

func rounds(n int) string {
	if n == 1 {
		return "1 round"
	}
	return fmt.Sprintf("%d rounds", n)
}

// String is a machine in a few words.
func (m machine) String() string {
	return strings.TrimSpace(fmt.Sprintf("%d cores, %s/%s, %s %s", m.Cores, m.OS, m.Arch, m.Go, m.CPU))
}

func ratio(was, is float64) string {
	if was == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", is/was)
}

// enough is how many rounds show how far rounds of the same are apart.
const enough = 3

// verdict compares by what the rounds show: two runs are the same as long as one round of either is
// between those of the other. With fewer rounds it goes by the medians.
func (q quantity) verdict(was, is *record) string {
	a, b := was.Median[q.name], is.Median[q.name]
	apart := math.Abs(b-a) > alike*math.Abs(a)
	if was.Rounds >= enough && is.Rounds >= enough {
		apart = was.Highest[q.name] < is.Lowest[q.name] || is.Highest[q.name] < was.Lowest[q.name]
	}
	if q.exact {
		apart = a != b
	}
	switch {
	case !apart:
		return same
	case (b > a) == (q.better > 0):
		return better
	}
	return worse
}
