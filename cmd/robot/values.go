package main

import (
	"math"
	"slices"
	"time"
)

// values are the numbers of a result, by the names that they have in JSON; what is not known is not there.
type values map[string]float64

// quantity is what one of them is.
type quantity struct {
	name string // in JSON
	says string // to people
	// better is 1 where more is better, -1 where less is, and 0 where it is neither.
	better int
	// exact quantities differ whenever they are not the same: a server delivers all or it does not.
	exact bool
}

// quantities are those that are shown, in this order.
var quantities = []quantity{
	{name: "msgs_per_s", says: "messages per s", better: 1},
	{name: "cpu_us_per_msg", says: "server CPU, µs per message", better: -1},
	{name: "server_cores", says: "server CPU, cores"},
	{name: "rss_kb_per_conn", says: "memory, KB per client", better: -1},
	{name: "rss_mb", says: "memory, MB"},
	{name: "delivered", says: "delivered part", better: 1, exact: true},
	{name: "errors", says: "errors", better: -1, exact: true},
	{name: "p50_us", says: "p50, µs", better: -1},
	{name: "p90_us", says: "p90, µs", better: -1},
	{name: "p99_us", says: "p99, µs", better: -1},
	{name: "p999_us", says: "p99.9, µs", better: -1},
	{name: "max_us", says: "longest, µs"},
	{name: "robot_us_per_msg", says: "the robot's own CPU, µs per message"},
}

// values of one round. Those of what happens besides have its unit before their names.
func (r *result) values() values {
	v := values{
		"connected": float64(r.connected),
		"wall_s":    r.measured.Seconds(),
		"errors":    float64(r.failed()),
	}
	if !r.scenario.alone {
		v["connect_s"] = r.connecting.Seconds()
	}
	if due := r.due.Load(); due > 0 {
		v["delivered"] = float64(r.arrived.Load()) / float64(due)
	}
	if r.scenario.unit != "" {
		v.latency("", r.main.shows(), r.measured)
	}
	for _, s := range r.others {
		v.latency(s.unit+"_", s.shows(), r.measured)
	}
	r.cost(v)
	if n := r.dropped.Load(); n > 0 {
		v["let_go"] = float64(n)
	}
	for name := range v {
		v[name] = round(v[name])
	}
	if r.missing() > 0 {
		v["delivered"] = min(v["delivered"], 0.999999) // 1 only if it is all
	}
	return v
}

func (v values) latency(prefix string, l latency, window time.Duration) {
	v[prefix+"msgs"] = float64(l.count)
	v[prefix+"msgs_per_s"] = float64(l.count) / max(window.Seconds(), 1e-9)
	if l.count == 0 {
		return
	}
	v[prefix+"mean_us"] = us(l.mean())
	v[prefix+"p50_us"] = us(l.quantile(.5))
	v[prefix+"p90_us"] = us(l.quantile(.9))
	v[prefix+"p99_us"] = us(l.quantile(.99))
	v[prefix+"p999_us"] = us(l.quantile(.999))
	v[prefix+"max_us"] = us(l.most)
}

// cost adds what the server has used, and the robot.
func (r *result) cost(v values) {
	n := float64(r.main.shows().count)
	if own := r.ownAfter - r.ownBefore; own > 0 && n > 0 {
		v["robot_us_per_msg"] = us(own) / n
	}
	if !r.before.known || !r.after.known {
		return
	}
	used := r.after.cpu - r.before.cpu
	v["server_cpu_s"] = used.Seconds()
	v["server_cores"] = used.Seconds() / max(r.measured.Seconds(), 1e-9)
	if n > 0 {
		v["cpu_us_per_msg"] = us(used) / n
	}
	v["rss_mb"] = float64(r.after.memory) / 1e6
	if r.empty.known && r.connected > 0 {
		v["rss_kb_per_conn"] = float64(r.after.memory-r.empty.memory) / 1024 / float64(r.connected)
	}
}

func us(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

// round keeps six digits that count: no clock is better.
func round(f float64) float64 {
	if f == 0 || math.IsInf(f, 0) || math.IsNaN(f) {
		return f
	}
	unit := math.Pow(10, 5-math.Floor(math.Log10(math.Abs(f))))
	if unit <= 1 {
		return math.Round(f)
	}
	return math.Round(f*unit) / unit
}

// spread is the medians of several rounds, and their lowest and highest values.
func spread(each []values) (median, lowest, highest values) {
	median, lowest, highest = values{}, values{}, values{}
	for name := range each[0] {
		var all []float64
		for _, v := range each {
			if f, ok := v[name]; ok {
				all = append(all, f)
			}
		}
		slices.Sort(all)
		half := len(all) / 2
		median[name] = all[half]
		if len(all)%2 == 0 {
			median[name] = round((all[half-1] + all[half]) / 2)
		}
		lowest[name], highest[name] = all[0], all[len(all)-1]
	}
	return median, lowest, highest
}
