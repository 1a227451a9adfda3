package main

import (
	"testing"
	"time"
)

// exampleResult is one of a broadcast, in which something went wrong.
func exampleResult() *result {
	r := newResult(options{
		scenario: scenarioEntry{name: "broadcast", unit: "deliveries"}, addrs: []string{"tcp://h:1", "ws://h:1/"}, conns: 2000,
		rate: 500, size: 32, commandLine: "robot -scenario broadcast",
	})
	r.connected, r.connecting, r.measured = 1999, 1234567890, 2*time.Second
	r.empty, r.before, r.after = spent{true, 0, 10e6}, spent{true, time.Second, 20e6}, spent{true, 2 * time.Second, 30469760}
	for i := range 1000 {
		r.main.took(i, time.Duration(i+1)*time.Millisecond, true)
	}
	r.due.Store(100000)
	r.arrived.Store(99999)
	r.fail("connect", errTwice)
	return r
}

func TestTheReportIsATable(t *testing.T) {
	r := exampleResult()
	want := `broadcast  tcp://h:1 ws://h:1/

  clients    1999 of 2000, in 1.23s
  measured   2s
  delivered  99.99 %, 99999 of 100000
  server CPU 1s, 50.0 % of a core, 1ms for each of the deliveries
  memory     30.5 MB, 10.0 KB for each client
  errors     1
          1  connect: the same push came twice

                 count    per s     mean      p50      p90      p99    p99.9      max
  deliveries      1000      500    501ms    500ms    900ms    990ms    999ms       1s
`
	if got := r.table(); got != want {
		t.Errorf("the table is\n%swant\n%s", got, want)
	}
}

func TestShortDurations(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", 7: "7ns", 999: "999ns", 1234: "1.23µs", 999999: "1ms", 56789 * time.Microsecond: "56.8ms", 754 * time.Second: "12m34s",
	} {
		if got := short(d); got != want {
			t.Errorf("%d ns is %s, want %s", d, got, want)
		}
	}
}

func TestTheVerdict(t *testing.T) {
	tests := map[string]struct {
		due, arrived int64
		errors       int
		interrupted  bool
		want         string
	}{
		"all is well":      {due: 5, arrived: 5},
		"one error":        {errors: 1, want: "1 error"},
		"two errors":       {errors: 2, want: "2 errors"},
		"something lacks":  {due: 5, arrived: 4, want: "1 of 5 deliveries are missing; 0 errors"},
		"the user is back": {due: 5, interrupted: true, want: "interrupted"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := newResult(options{})
			r.interrupted = tt.interrupted
			r.due.Store(tt.due)
			r.arrived.Store(tt.arrived)
			for range tt.errors {
				r.fail("x", errTwice)
			}
			got := ""
			if err := r.verdict(); err != nil {
				got = err.Error()
			}
			if got != tt.want {
				t.Errorf("verdict %q, want %q", got, tt.want)
			}
		})
	}
}
