package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
)

// format is the number of this form of records. One that only adds keeps it.
const format = 1

// record is a run as JSON.
type record struct {
	Format    int       `json:"format"`
	Command   string    `json:"command"`
	Scenario  string    `json:"scenario"`
	Transport string    `json:"transport"`
	Addrs     []string  `json:"addrs"`
	Conns     int       `json:"conns"`
	Depth     int       `json:"depth,omitempty"` // of a closed loop
	Rate      float64   `json:"rate,omitempty"`  // of what goes by a schedule
	Size      int       `json:"size"`
	ExpectUs  float64   `json:"expect_us,omitempty"`
	Server    string    `json:"server,omitempty"`
	Machine   machine   `json:"machine"`
	Rounds    int       `json:"rounds"`
	Median    values    `json:"median"`
	Lowest    values    `json:"lowest"`
	Highest   values    `json:"highest"`
	Each      []values  `json:"each"`
	Failures  []mistake `json:"failures,omitempty"`
}

// machine is where the robot ran.
type machine struct {
	Cores int    `json:"cores"`
	OS    string `json:"goos"`
	Arch  string `json:"goarch"`
	Go    string `json:"go"`
	CPU   string `json:"cpu,omitempty"`
}

// mistake is a kind of failure, over all rounds.
type mistake struct {
	Text  string `json:"text"`
	Count int    `json:"count"`
}

func thisMachine() machine {
	return machine{runtime.GOMAXPROCS(0), runtime.GOOS, runtime.GOARCH, runtime.Version(), cpuModel()}
}

// cpuModel is what Linux calls the processor.
func cpuModel() string {
	b, _ := os.ReadFile("/proc/cpuinfo") // there is none elsewhere
	_, after, _ := strings.Cut(string(b), "model name")
	name, _, _ := strings.Cut(after, "\n")
	return strings.TrimLeft(name, "\t :")
}

func newRecord(all []*result) *record {
	o := all[0].options
	r := &record{
		Format: format, Command: o.commandLine, Scenario: o.scenario.name, Transport: o.transport(), Addrs: o.addrs,
		Conns: o.conns, Rate: o.rate, Size: o.size, ExpectUs: us(o.expect), Server: o.server, Machine: thisMachine(), Rounds: len(all),
	}
	if o.scenario.name == "echo" && o.rate == 0 {
		r.Depth = o.depth
	}
	failed := map[string]int{}
	for _, one := range all {
		r.Each = append(r.Each, one.values())
		for _, f := range one.all() {
			if failed[f.text] == 0 {
				r.Failures = append(r.Failures, mistake{Text: f.text})
			}
			failed[f.text] += f.count
		}
	}
	for i := range r.Failures {
		r.Failures[i].Count = failed[r.Failures[i].Text]
	}
	r.Median, r.Lowest, r.Highest = spread(r.Each)
	return r
}

// name tells runs apart that are not to be compared with each other.
func (r *record) name() string {
	s := fmt.Sprintf("%s %s, %d clients", r.Scenario, r.Transport, r.Conns)
	if r.Depth > 0 {
		s += fmt.Sprintf(", %d in flight", r.Depth)
	}
	if r.Rate > 0 {
		s += ", " + number(r.Rate) + "/s"
	}
	return s + fmt.Sprintf(", %d bytes", r.Size)
}

// write writes the record to a file, or to stdout where that is "-".
func (r *record) write(name string, stdout io.Writer) error {
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("-json: %w", err)
	}
	b = append(b, '\n')
	if name == "-" {
		_, err = stdout.Write(b)
	} else {
		err = os.WriteFile(name, b, 0o666)
	}
	if err != nil {
		return fmt.Errorf("-json: %w", err)
	}
	return nil
}

// readRecords reads a file of one record, or several one behind the other.
func readRecords(name string) (all []*record, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	for d := json.NewDecoder(f); ; {
		var r record
		switch err := d.Decode(&r); {
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return nil, fmt.Errorf("%s: %w", name, err)
		case r.Format != format || r.Median == nil:
			return nil, fmt.Errorf("%s: not a result that this robot reads", name)
		}
		all = append(all, &r)
	}
}

// table is the record of several rounds as text.
func (r *record) table() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: medians of %d rounds, and from where to where\n\n", r.name(), r.Rounds)
	for _, q := range quantities {
		if m, ok := r.Median[q.name]; ok {
			fmt.Fprintf(&b, "  %-36s %12s   %s to %s\n", q.says, plainNumber(m), plainNumber(r.Lowest[q.name]), plainNumber(r.Highest[q.name]))
		}
	}
	if len(r.Failures) > 0 {
		b.WriteByte('\n')
	}
	for _, f := range r.Failures {
		fmt.Fprintf(&b, "  %9d  %s\n", f.Count, f.Text)
	}
	return b.String()
}

// plainNumber is f with as many digits as tell something.
func plainNumber(f float64) string {
	switch a := max(f, -f); {
	case a >= 100 || a == float64(int64(a)):
		return fmt.Sprintf("%.0f", f)
	case a > 0.999 && a < 1: // it is not all
		return fmt.Sprintf("%.6g", f)
	case a >= 10:
		return fmt.Sprintf("%.1f", f)
	}
	return fmt.Sprintf("%.3g", f)
}
