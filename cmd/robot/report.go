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
	line("clients", "%d of %d, in %s", r.connected, r.conns, short(r.connecting))
	line("measured", "%s", short(r.measured))
	if r.due.Load() > 0 {
		line("delivered", "%s, %d of %d", share(r.arrived.Load(), r.due.Load()), r.arrived.Load(), r.due.Load())
	}
	r.server(line)
	line("errors", "%s", r.errors())
	for _, f := range r.all() {
		fmt.Fprintf(&b, "  %9d  %s\n", f.count, f.text)
	}
	if r.scenario.unit != "" {
		r.latencies(&b)
	}
	return b.String()
}

// server writes what the server's process has used.
func (r *result) server(line func(name, format string, args ...any)) {
	if !r.after.known || !r.before.known {
		return
	}
	used := r.after.cpu - r.before.cpu
	cpu := fmt.Sprintf("%s, %.1f %% of a core", short(used), 100*used.Seconds()/r.measured.Seconds())
	if n := r.latency.count(); n > 0 {
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
	h := &r.latency
	head := []string{"count", "per s", "mean", "p50", "p90", "p99", "p99.9", "max"}
	row := []string{
		fmt.Sprint(h.count()),
		fmt.Sprintf("%.0f", float64(h.count())/max(r.measured.Seconds(), 1e-9)),
		short(h.mean()),
		short(h.quantile(.5)),
		short(h.quantile(.9)),
		short(h.quantile(.99)),
		short(h.quantile(.999)),
		short(h.max()),
	}
	fmt.Fprintf(b, "\n  %-11s%s\n  %-11s%s\n", "", columns(head), r.scenario.unit, columns(row))
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
