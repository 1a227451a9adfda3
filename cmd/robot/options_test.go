package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

func TestMistakesInFlagsAreOneClearLine(t *testing.T) {
	tests := map[string]struct {
		args []string
		says []string
	}{
		"an unknown scenario":      {[]string{"-scenario", "war"}, []string{"-scenario", `"war"`, "echo, idle, broadcast"}},
		"an unknown flag":          {[]string{"-clients", "1"}, []string{"-clients", "-h"}},
		"a value that is none":     {[]string{"-dur", "long"}, []string{"-dur", "long"}},
		"an argument":              {[]string{"now"}, []string{`"now"`}},
		"no clients":               {[]string{"-conns", "0"}, []string{"-conns 0", "1 to"}},
		"nothing in flight":        {[]string{"-depth", "0"}, []string{"-depth 0"}},
		"a body of less":           {[]string{"-size", "-1"}, []string{"-size -1"}},
		"a body of too much":       {[]string{"-size", "16000001"}, []string{"-size 16000001", "16000000"}},
		"nobody dials":             {[]string{"-dial", "0"}, []string{"-dial 0"}},
		"no rate":                  {[]string{"-rate", "0"}, []string{"-rate 0"}},
		"a rate of idle ones":      {[]string{"-scenario", "idle", "-rate", "1"}, []string{"-rate", "idle"}},
		"no rounds":                {[]string{"-rounds", "0"}, []string{"-rounds 0"}},
		"all are slow":             {[]string{"-scenario", "slow", "-slow", "1"}, []string{"-slow 1", "0.99"}},
		"a time too short to stay": {[]string{"-scenario", "game", "-stay", "0"}, []string{"-stay 0s"}},
		"expected by a schedule":   {[]string{"-rate", "1", "-expect", "1ms"}, []string{"-expect", "schedule"}},
		"much for a datagram":      {[]string{"-addr", "udp://h:1", "-size", "60001"}, []string{"-size 60001", "60000"}},
		"one file to compare":      {[]string{"-compare", "a"}, []string{"-compare", "two files"}},
		"files that are not there": {[]string{"-compare", "no-a", "no-b"}, []string{"-compare", "no-a"}},
		"a rate that is none":      {[]string{"-rate", "NaN"}, []string{"-rate NaN"}},
		"a port that is none":      {[]string{"-port", "65536"}, []string{"-port 65536"}},
		"a negative warm-up":       {[]string{"-warm", "-1s"}, []string{"-warm -1s"}},
		"no time":                  {[]string{"-dur", "0"}, []string{"-dur 0s"}},
		"no patience":              {[]string{"-wait", "0"}, []string{"-wait 0s"}},
		"an address without kind":  {[]string{"-addr", "127.0.0.1:3010"}, []string{"-addr", `"127.0.0.1:3010"`, "tcp://"}},
		"an address of a browser":  {[]string{"-addr", "http://127.0.0.1:3010"}, []string{"-addr", "ws://"}},
		"an address without port":  {[]string{"-addr", "tcp://localhost"}, []string{"-addr", `"tcp://localhost"`}},
		"an address without host":  {[]string{"-addr", "ws://:3010/"}, []string{"-addr"}},
		"a socket.io of nobody":    {[]string{"-addr", "sio:///socket.io/"}, []string{"-addr", "sio://"}},
		"one good of two":          {[]string{"-addr", "ws://localhost,there"}, []string{"-addr", `"there"`}},
		"a user that is not JSON":  {[]string{"-user", "ann"}, []string{"-user", `"ann"`, "JSON"}},
		"a process and a command":  {[]string{"-pid", "1", "-server", "x"}, []string{"-pid", "-server"}},
		"a process that is no one": {[]string{"-pid", "2147483647"}, []string{"-pid 2147483647"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			report, err := robot(t, t.Context(), tt.args...)
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range tt.says {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
			if strings.Contains(err.Error(), "\n") || report != "" {
				t.Errorf("more than one line: %q, report %q", err, report)
			}
		})
	}
}

func TestAddressesThatAreGood(t *testing.T) {
	o, err := parse([]string{"-port", "4010", "-addr", "tcp://h:{port},tls://h:1,ws://h:{port}/p,wss://h,sio://h:{port},sios://h/p/,ws://[::1]:1/,udp://h:{port},mqtt://h:{port},mqtts://h,unix:/s"})
	want := []string{"tcp://h:4010", "tls://h:1", "ws://h:4010/p", "wss://h", "sio://h:4010", "sios://h/p/", "ws://[::1]:1/", "udp://h:4010", "mqtt://h:4010", "mqtts://h", "unix:/s"}
	if err != nil || !slices.Equal(o.addrs, want) {
		t.Errorf("addresses = %q, %v, want %q", o.addrs, err, want)
	}
	for i := range 2 * len(want) {
		if got := o.config(i).Addr; got != want[i%len(want)] {
			t.Errorf("client %d goes to %s, want %s", i, got, want[i%len(want)])
		}
	}
}

func TestHelpIsNoErrorAndTellsEveryFlag(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if err := run(t.Context(), []string{"-h"}, &stdout, &stderr); err != nil || stdout.String() != help() || stderr.Len() > 0 {
		t.Errorf("-h = %v, stdout %q, stderr %q", err, &stdout, &stderr)
	}
	for _, s := range scenarios {
		if !strings.Contains(help(), s.about) {
			t.Errorf("-h does not tell of %s", s.name)
		}
	}
	for _, line := range strings.Split(help(), "\n") {
		if len([]rune(line)) > 100 {
			t.Errorf("a line of %d characters: %s", len([]rune(line)), line)
		}
		if name, isFlag := strings.CutPrefix(line, "  -"); isFlag {
			name, _, _ = strings.Cut(name, " ")
			if _, err := parse([]string{"-" + name + "=?"}); err == nil {
				continue // any text will do
			} else if strings.Contains(err.Error(), "not defined") {
				t.Errorf("-h tells of -%s, which is no flag", name)
			}
		}
	}
}
