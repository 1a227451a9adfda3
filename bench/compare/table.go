package main

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
)

// What stands around the table on its page.
const (
	begin = "<!-- bench/run writes from here -->\n"
	end   = "<!-- to here -->"
)

// table is all that was measured, in Markdown.
func table(all []*result, args []string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s; `%s`. Medians, and in brackets from where to where the rounds went; a ratio's are of each round by itself.\n\n",
		thisMachine(), strings.TrimSpace("bash bench/run "+strings.Join(args, " ")))
	b.WriteString("| | | ours | floor | ratio | must | goal | p99, ms: ours, floor |\n|---|---|---|---|---|---|---|---|\n")
	for _, r := range all {
		ratio, must, goal := r.cells()
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s | %s |\n",
			r.title, wireNames[r.wire], spread(r.ours.values), spread(r.floor.values), ratio, must, goal, r.latency())
	}
	b.WriteString("\n" + growth(all) + troubles(all))
	return b.String()
}

// line is a result for people who wait.
func (r *result) line() string {
	ratio, must, _ := r.cells()
	line := fmt.Sprintf("%-48s %s / %s = %s", r.name(), spread(r.ours.values), spread(r.floor.values), ratio)
	if must != "" {
		line += ", must " + must
	}
	for _, t := range slices.Concat(r.ours.trouble, r.floor.trouble) {
		line += "; " + t
	}
	return line
}

// cells are the ratio and the bounds.
func (r *result) cells() (ratio, must, goal string) {
	each := make([]float64, len(r.ours.values))
	for i, v := range r.ours.values {
		each[i] = v / r.floor.values[i]
	}
	slices.Sort(each)
	ratio = fmt.Sprintf("%.2f (%.2f..%.2f)", r.ratio(), each[0], each[len(each)-1])
	b, ok := r.bounds[r.wire]
	if !ok {
		return ratio, "", ""
	}
	unit, got := "", r.ratio()
	if r.absolute {
		unit, got = " KB", median(r.ours.values)
	}
	must, goal = short(b.must)+unit, short(b.goal)+unit
	switch {
	case got > b.must:
		must = "**" + must + "**: over"
	case got <= b.goal:
		goal += ": reached"
	}
	return ratio, must, goal
}

func (r *result) ratio() float64 { return median(r.ours.values) / median(r.floor.values) }

// latency is of scenarios that have one.
func (r *result) latency() string {
	if len(r.ours.p99) == 0 || len(r.floor.p99) == 0 {
		return ""
	}
	return short(median(r.ours.p99)/1000) + ", " + short(median(r.floor.p99)/1000)
}

func troubles(all []*result) string {
	var b strings.Builder
	for _, r := range all {
		for name, s := range map[string]side{"ours": r.ours, "the floor": r.floor} {
			if len(s.trouble) > 0 {
				fmt.Fprintf(&b, "- %s, %s: %s\n", r.name(), name, strings.Join(s.trouble, "; "))
			}
		}
	}
	if b.Len() == 0 {
		return "No run had an error, and all that was broadcast was delivered.\n"
	}
	return "Not as it should be:\n\n" + b.String()
}

// spread is the median of some numbers, and the least and the greatest.
func spread(v []float64) string {
	return fmt.Sprintf("%s (%s..%s)", short(median(v)), short(slices.Min(v)), short(slices.Max(v)))
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	half := len(v) / 2
	if len(v)%2 == 0 {
		return (v[half-1] + v[half]) / 2
	}
	return v[half]
}

// short is f with three digits that count.
func short(f float64) string {
	switch {
	case f >= 100:
		return fmt.Sprintf("%.0f", f)
	case f >= 10:
		return fmt.Sprintf("%.1f", f)
	}
	return fmt.Sprintf("%.2f", f)
}

// thisMachine says where it was measured: two processors tell little about sixty.
func thisMachine() string {
	text := fmt.Sprintf("%d cores", runtime.NumCPU())
	if name := field("/proc/cpuinfo", "model name"); name != "" {
		text += " of " + name
	}
	if kb := field("/proc/meminfo", "MemTotal"); kb != "" {
		var n float64
		if _, err := fmt.Sscan(kb, &n); err == nil {
			text += fmt.Sprintf(", %.0f GiB", n/(1<<20))
		}
	}
	kernel, _ := os.ReadFile("/proc/sys/kernel/osrelease") // there is none elsewhere
	release, _, _ := strings.Cut(strings.TrimSpace(string(kernel)), "-")
	return strings.TrimSpace(fmt.Sprintf("%s, %s %s", text, runtime.GOOS, release)) + ", " + runtime.Version()
}

// field is what a file of /proc says behind a name.
func field(file, name string) string {
	b, _ := os.ReadFile(file) // there is none elsewhere
	_, after, _ := strings.Cut(string(b), name)
	value, _, _ := strings.Cut(after, "\n")
	return strings.Trim(value, "\t :")
}

// replace puts text where the page has its place for it.
func replace(page, text string) error {
	b, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(b), begin)
	_, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		return fmt.Errorf("%s: no lines %q and %q to write between", page, strings.TrimSpace(begin), end)
	}
	return os.WriteFile(page, []byte(before+begin+text+end+after), 0o644)
}
