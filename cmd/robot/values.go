package main

import (
	"math"
	"slices"
	"time"
)

// values are the numbers of a result, by the names that they have in JSON; what is not known is not there.
type values map[string]float64

// number of a result, in the order in which they are shown.
type quantity struct {
	name string // in JSON
	says string // to people
	// better is 1 where more is better, -1 where less is, and 0 where it is neither.
	better int
}

var quantities = []quantity{
	{"msgs_per_s", "messages per s", 1},
	{"cpu_us_per_msg", "server CPU, µs per message", -1},
	{"server_cores", "server CPU, cores", 0},
	{"rss_kb_per_conn", "memory, KB per client", -1},
	{"rss_mb", "memory, MB", 0},
	{"delivered", "delivered part", 1},
	{"errors", "errors", -1},
	{"p50_us", "p50, µs", -1},
	{"p90_us", "p90, µs", -1},
	{"p99_us", "p99, µs", -1},
	{"p999_us", "p99.9, µs", -1},
	{"max_us", "longest, µs", 0},
	{"robot_us_per_msg", "the robot's own CPU, µs per message", 0},
}

// values of one round. Those of what happens besides have its unit before their names.
func (r *result) values() values {
	v := values{
		"connected": float64(r.connected),
		"connect_s": r.connecting.Seconds(),
		"wall_s":    r.measured.Seconds(),
		"errors":    float64(r.failed()),
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
