package main

import (
	"bytes"
	"io"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestProgressIsALineNowAndThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := options{progress: 5 * time.Second, rounds: 2}
		o.scenario, _ = scenarioNamed("echo")
		r := newResult(o)
		var out bytes.Buffer
		stop := r.show(&out, 2)
		r.here.Store(10)
		time.Sleep(5500 * time.Millisecond)
		for range 1000 {
			r.main.took(0, 0, false)
		}
		r.fail("x", io.EOF)
		time.Sleep(5 * time.Second)
		stop()
		time.Sleep(time.Minute)
		want := "    5s  round 2 of 2  10 clients  0 answers/s  errors none\n" +
			"   10s  round 2 of 2  10 clients  200 answers/s  errors 1\n"
		if got := out.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	})
}

func TestNoProgressWhereNoneIsWanted(t *testing.T) {
	r := newResult(options{})
	stop := r.show(os.Stderr, 1)
	stop()
}

func TestProgressOfARun(t *testing.T) {
	var stdout, stderr bytes.Buffer
	err := run(t.Context(), []string{"-conns", "3", "-scenario", "idle", "-progress", "10ms", "-warm", "0", "-dur", "300ms", "-addr", "tcp://" + serve(t, lobby{})}, &stdout, &stderr)
	if err != nil || !strings.Contains(stderr.String(), " 3 clients  errors none\n") {
		t.Errorf("run: %v, stderr %q", err, &stderr)
	}
}
