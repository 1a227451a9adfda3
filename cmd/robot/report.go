package main

import (
	"fmt"
	"strings"
	"time"
)

// table is the report as text.
func (r *result) table() string {
	var b strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "  %-11s%s\n", name, fmt.Sprintf(format, args...))
	}
	fmt.Fprintf(&b, "%s  %s\n\n", r.scenario.name, strings.Join(r.addrs, " "))
	if r.scenario.alone {
		line("clients", "%d at the end", r.connected)
	} else {
		line("clients", "%d of %d, in %s", r.connected, r.conns, short(r.connecting))
	}
	line("measured", "%s", short(r.measured))
	if r.due.Load() > 0 {
		line("delivered", "%s, %d of %d", share(r.arrived.Load(), r.due.Load()), r.arrived.Load(), r.due.Load())
	}
	if n := r.dropped.Load(); n > 0 {
		line("let go", "%d that were owed nothing", n)
	}
	r.server(line)
	line("errors", "%s", r.errors())
	for _, f := range r.all() {
		fmt.Fprintf(&b, "  %9d  %s\n", f.count, f.text)
	}
	r.latencies(&b)
	return b.String()
}

// server writes what the server's process has used.
func (r *result) server(line func(name, format string, args ...any)) {
	if !r.after.known || !r.before.known {
		return
	}
	used := r.after.cpu - r.before.cpu
	cpu := fmt.Sprintf("%s, %.1f %% of a core", short(used), 100*used.Seconds()/max(r.measured.Seconds(), 1e-9))
	if n := r.main.shows().count; n > 0 {
		cpu += fmt.Sprintf(", %s for each of the %s", short(used/time.Duration(n)), r.scenario.unit)
	}
	line("server CPU", "%s", cpu)
	memory := fmt.Sprintf("%.1f MB", float64(r.after.memory)/1e6)
	if r.empty.known {
		grown := float64(r.after.memory-r.empty.memory) / 1024
		memory += fmt.Sprintf(", %.1f KB for each client", grown/float64(max(r.connected, 1)))
	}
	line("memory", "%s", memory)
}

func (r *result) errors() string {
	if n := r.failed(); n > 0 {
		return fmt.Sprint(n)
	}
	return "none"
}

// latencies writes the table of what the scenario counts.
func (r *result) latencies(b *strings.Builder) {
	if len(r.kinds()) == 0 {
		return
	}
	head := []string{"count", "per s", "mean", "p50", "p90", "p99", "p99.9", "max"}
	fmt.Fprintf(b, "\n  %-11s%s\n", "", columns(head))
	for _, s := range r.kinds() {
		l := s.shows()
		fmt.Fprintf(b, "  %-11s%s\n", s.unit, columns([]string{
			fmt.Sprint(l.count),
			fmt.Sprintf("%.0f", float64(l.count)/max(r.measured.Seconds(), 1e-9)),
			short(l.mean()),
			short(l.quantile(.5)),
			short(l.quantile(.9)),
			short(l.quantile(.99)),
			short(l.quantile(.999)),
			short(l.most),
		}))
	}
}

// columns sets each cell to the right of its column, with a space before it.
func columns(cells []string) string {
	var b strings.Builder
	for _, cell := range cells {
		fmt.Fprintf(&b, " %8s", cell)
	}
	return b.String()
}

// share is part of whole in percent: 100 % only if it is all.
func share(part, whole int64) string {
	percent := 100 * float64(part) / float64(whole)
	if part < whole {
		percent = min(percent, 99.99)
	}
	return fmt.Sprintf("%.4g %%", percent)
}

// short is d with three digits that count.
func short(d time.Duration) string {
	unit := time.Duration(1)
	for d/unit >= 1000 {
		unit *= 10
	}
	return d.Round(unit).String()
}
