package pomelo_test

import (
	"bytes"
	"errors"
	"runtime"
	"slices"
	"testing"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
)

// cut feeds the chunks and copies the frames that come out, until an error.
func cut(s *pomelo.Stream, chunks ...[]byte) (frames []string, err error) {
	for _, chunk := range chunks {
		chunk = bytes.Clone(chunk)
		out, err := s.Feed(chunk, nil)
		for _, f := range out {
			frames = append(frames, string(f.Data))
		}
		clear(chunk) // what the Stream keeps must be its own
		if err != nil {
			return frames, err
		}
	}
	return frames, nil
}

func TestStreamsAreCutLikeTheReferenceCutsThem(t *testing.T) { // P2.2
	var v packageVectors
	load(t, "pomelo-package.json", &v)
	for _, c := range v.Stream {
		var chunks [][]byte
		for _, chunk := range c.Chunks {
			chunks = append(chunks, chunk)
		}
		var want []string
		for _, p := range c.Packages {
			b, _ := pomelo.Package{Type: p.Type, Body: p.Body}.Append(nil)
			want = append(want, string(b))
		}
		got, err := cut(new(pomelo.Stream), chunks...)
		if !slices.Equal(got, want) || errors.Is(err, pomelo.ErrType) != c.Closed {
			t.Errorf("%s: frames = %q, %v, want %q, closed %v", c.Name, got, err, want, c.Closed)
		}
	}
	for _, c := range v.Reject {
		if c.Where != "both" || c.Name == "kick-from-client" {
			continue // whole messages, and kicks, are the Protocol's to refuse
		}
		if _, err := cut(new(pomelo.Stream), c.In); !errors.Is(err, connectors.ErrMalformed) {
			t.Errorf("%s: err = %v, want %v", c.Name, err, connectors.ErrMalformed)
		}
	}
}

func TestEverySegmentationGivesTheSameFrames(t *testing.T) { // P2.2
	want := []string{"\x01\x00\x00\x02{}", "\x02\x00\x00\x00", "\x04\x00\x00\x05hello", "\x03\x00\x00\x00"}
	wire := []byte(want[0] + want[1] + want[2] + want[3])
	for i := range wire {
		for j := i; j <= len(wire); j++ {
			s := new(pomelo.Stream)
			got, err := cut(s, wire[:i], wire[i:j], wire[j:])
			if err != nil || !slices.Equal(got, want) || s.Pending() {
				t.Fatalf("cut at %d and %d: frames = %q, %v, want %q", i, j, got, err, want)
			}
		}
	}
}

func TestPendingTellsThatAPackageHasBegun(t *testing.T) {
	s := new(pomelo.Stream)
	for _, c := range []struct {
		chunk   string
		pending bool
	}{
		{"", false},
		{"\x03\x00\x00\x00", false},
		{"\x03", true},
		{"\x00\x00\x00", false},
		{"\x03\x00\x00\x00\x04\x00\x00\x02h", true},
		{"", true},
		{"i", false},
	} {
		if _, err := cut(s, []byte(c.chunk)); err != nil || s.Pending() != c.pending {
			t.Errorf("after %q: Pending = %v, %v, want %v", c.chunk, s.Pending(), err, c.pending)
		}
	}
}

func TestStreamLimitsBodies(t *testing.T) { // F 20
	for name, c := range map[string]struct {
		chunks []string
		frames int
		err    error
	}{
		"as much as may be":            {[]string{"\x04\x00\x00\x03abc"}, 1, nil},
		"one byte more":                {[]string{"\x04\x00\x00\x04abcd"}, 0, pomelo.ErrTooLarge},
		"announced is enough":          {[]string{"\x04\x00\x00\x04"}, 0, pomelo.ErrTooLarge},
		"announced byte by byte":       {[]string{"\x04", "\x00", "\x00", "\x04"}, 0, pomelo.ErrTooLarge},
		"16 MB":                        {[]string{"\x04\xff\xff\xff"}, 0, pomelo.ErrTooLarge},
		"what is before it counts":     {[]string{"\x03\x00\x00\x00\x04\x00\x00\x04"}, 1, pomelo.ErrTooLarge},
		"a bad type is the worse":      {[]string{"\x09\x00\x00\x04"}, 0, pomelo.ErrType},
		"whole behind an ack":          {[]string{"\x02\x00\x00\x00\x04\x00\x00\x04abcd"}, 2, nil},
		"begun behind an ack":          {[]string{"\x02\x00\x00\x00\x04\x00\x00\x04ab"}, 1, nil},
		"begun behind it, then more":   {[]string{"\x02\x00\x00\x00\x04\x00\x00\x04ab", "c"}, 1, pomelo.ErrTooLarge},
		"begun behind it, then none":   {[]string{"\x02\x00\x00\x00\x04\x00\x00\x04ab", ""}, 1, pomelo.ErrTooLarge},
		"bad type behind an ack":       {[]string{"\x02\x00\x00\x00\x09\x00\x00\x04"}, 1, pomelo.ErrType},
		"behind an ack in two pieces":  {[]string{"\x02\x00\x00", "\x00\x04\x00\x00\x04abcd"}, 2, nil},
		"an ack lasts for its segment": {[]string{"\x02\x00\x00\x00", "\x04\x00\x00\x04abcd"}, 1, pomelo.ErrTooLarge},
	} {
		s := new(pomelo.Stream)
		s.SetLimit(3)
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

func TestRaisedLimitHoldsForAPackageBehindItsAck(t *testing.T) { // P3.5
	s := new(pomelo.Stream)
	s.SetLimit(3)
	if _, err := cut(s, []byte("\x02\x00\x00\x00\x04\x00\x00\x04ab")); err != nil {
		t.Fatal(err)
	}
	s.SetLimit(4)
	got, err := cut(s, []byte("cd"))
	if want := []string{"\x04\x00\x00\x04abcd"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("frames = %q, %v, want %q", got, err, want)
	}
}

func TestStreamHoldsWhatCameNotWhatWasAnnounced(t *testing.T) { // F 20
	head := []byte("\x04\xff\xff\xff0123456789")
	streams := make([]pomelo.Stream, 1000)
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

func TestWholePackagesAreNotCopied(t *testing.T) {
	wire := []byte("\x04\x00\x00\x02hi\x03\x00\x00\x00")
	var s pomelo.Stream
	frames := make([]connectors.Frame, 0, 2)
	if n := testing.AllocsPerRun(100, func() { frames, _ = s.Feed(wire, frames[:0]) }); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
	if &frames[0].Data[0] != &wire[0] {
		t.Error("the first frame does not alias what was fed")
	}
}
