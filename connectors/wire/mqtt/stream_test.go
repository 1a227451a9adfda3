package mqtt_test

import (
	"errors"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/mqtt"
)

const connect311 = "\x10\x0e\x00\x04MQTT\x04\x02\x00\x3c\x00\x02c1"

func TestEverySegmentationGivesTheSameFrames(t *testing.T) { // P20.1
	long := "\x30\x83\x01\x00\x01a" + strings.Repeat("x", 128)
	want := []string{connect311, "\xc0\x00", "\x30\x0a\x00\x03a/bhello", long, "\xe0\x00"}
	wire := []byte(strings.Join(want, ""))
	for i := range wire {
		for j := i; j <= len(wire); j++ {
			s := new(mqtt.Stream)
			got, err := cut(s, wire[:i], wire[i:j], wire[j:])
			if err != nil || !slices.Equal(got, want) || s.Pending() {
				t.Fatalf("cut at %d and %d: frames = %q, %v, want %q", i, j, got, err, want)
			}
		}
	}
}

func TestPendingTellsThatAPacketHasBegun(t *testing.T) {
	s := new(mqtt.Stream)
	for _, c := range []struct {
		chunk   string
		pending bool
	}{
		{"", false},
		{"\xc0\x00", false},
		{"\xc0", true},
		{"\x00", false},
		{"\xc0\x00\x30\x05\x00\x01a", true},
		{"", true},
		{"hi", false},
		{"\x30\x85", true},
		{"\x01", true},
		{"\x00\x01a" + strings.Repeat("x", 130), false},
	} {
		if _, err := cut(s, []byte(c.chunk)); err != nil || s.Pending() != c.pending {
			t.Errorf("after %q: Pending = %v, %v, want %v", c.chunk, s.Pending(), err, c.pending)
		}
	}
}

func TestStreamLimitsPackets(t *testing.T) { // P20.1
	for name, c := range map[string]struct {
		chunks []string
		frames int
		err    error
	}{
		"as much as may be":              {[]string{"\x30\x06\x00\x01aabc"}, 1, nil},
		"one byte more":                  {[]string{"\x30\x07\x00\x01aabcd"}, 0, mqtt.ErrTooLarge},
		"announced is enough":            {[]string{"\x30\x07"}, 0, mqtt.ErrTooLarge},
		"announced byte by byte":         {[]string{"\x30", "\x07"}, 0, mqtt.ErrTooLarge},
		"256 MB":                         {[]string{"\x30\xff\xff\xff\x7f"}, 0, mqtt.ErrTooLarge},
		"256 MB byte by byte":            {[]string{"\x30", "\xff", "\xff", "\xff", "\x7f"}, 0, mqtt.ErrTooLarge},
		"what is before it counts":       {[]string{"\xc0\x00\x30\x07"}, 1, mqtt.ErrTooLarge},
		"a bad type":                     {[]string{"\xc0\x00\x00\x07"}, 1, mqtt.ErrType},
		"a bad type at once":             {[]string{"\x0f"}, 0, mqtt.ErrType},
		"a bad length":                   {[]string{"\x30\xff\xff", "\xff\xff"}, 0, mqtt.ErrLength},
		"whole behind a CONNECT":         {[]string{"\x10\x00\x30\x07\x00\x01aabcd"}, 2, nil},
		"begun behind a CONNECT":         {[]string{"\x10\x00\x30\x07\x00"}, 1, nil},
		"begun behind it, then more":     {[]string{"\x10\x00\x30\x07\x00", "\x01"}, 1, mqtt.ErrTooLarge},
		"begun behind it, then none":     {[]string{"\x10\x00\x30\x07\x00", ""}, 1, mqtt.ErrTooLarge},
		"bad type behind a CONNECT":      {[]string{"\x10\x00\x00\x00"}, 1, mqtt.ErrType},
		"behind a CONNECT in two pieces": {[]string{"\x10", "\x00\x30\x07\x00\x01aabcd"}, 2, nil},
		"a CONNECT lasts its segment":    {[]string{"\x10\x00", "\x30\x07\x00\x01aabcd"}, 1, mqtt.ErrTooLarge},
		"a CONNECT that is too large":    {[]string{connect311}, 0, mqtt.ErrTooLarge},
	} {
		s := new(mqtt.Stream)
		s.SetLimit(8)
		var chunks [][]byte
		for _, chunk := range c.chunks {
			chunks = append(chunks, []byte(chunk))
		}
		got, err := cut(s, chunks...)
		if len(got) != c.frames || !errors.Is(err, c.err) {
			t.Errorf("%s: %d frames, %v, want %d, %v", name, len(got), err, c.frames, c.err)
		}
		if err != nil && !errors.Is(err, connectors.ErrTooLarge) && !errors.Is(err, connectors.ErrMalformed) {
			t.Errorf("%s: %v is no error of the contract", name, err)
		}
	}
}

func TestRaisedLimitHoldsForAPacketBehindItsConnect(t *testing.T) { // P20.1
	s := new(mqtt.Stream)
	s.SetLimit(8)
	if _, err := cut(s, []byte("\x10\x00\x30\x07\x00\x01")); err != nil {
		t.Fatal(err)
	}
	s.SetLimit(9)
	got, err := cut(s, []byte("aabcd"))
	if want := []string{"\x30\x07\x00\x01aabcd"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("frames = %q, %v, want %q", got, err, want)
	}
}

func TestStreamHoldsWhatCameNotWhatWasAnnounced(t *testing.T) { // P20.1
	head := []byte("\x30\xff\xff\xff\x7f0123456789")
	streams := make([]mqtt.Stream, 1000)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for i := range streams {
		_, _ = streams[i].Feed(head, nil)
	}
	runtime.ReadMemStats(&after)
	if got := (after.TotalAlloc - before.TotalAlloc) / uint64(len(streams)); got > 256 {
		t.Errorf("%d bytes held for %d received", got, len(head))
	}
}

func TestWholePacketsAreNotCopied(t *testing.T) {
	wire := []byte("\x30\x0a\x00\x03a/bhello\xc0\x00")
	var s mqtt.Stream
	frames := make([]connectors.Frame, 0, 2)
	if n := testing.AllocsPerRun(100, func() { frames, _ = s.Feed(wire, frames[:0]) }); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
	if &frames[0].Data[0] != &wire[0] {
		t.Error("the first frame does not alias what was fed")
	}
	s.Rest()
	if s.Pending() {
		t.Error("nothing has begun")
	}
}
