package stream_test

import (
	"io"
	"net"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/internal/stream"
)

// lines cuts lines out of a stream, one a call.
type lines struct {
	begun []byte
	whole []byte
}

func (l *lines) Cut(b []byte, dst []connectors.Frame) ([]connectors.Frame, []byte, error) {
	for i, c := range b {
		if c == '\n' {
			l.whole, l.begun = append(l.begun, b[:i]...), nil
			return append(dst, connectors.Frame{Data: l.whole}), b[i+1:], nil
		}
	}
	l.begun = append(l.begun, b...)
	return dst, nil, nil
}

func (l *lines) Pending() bool { return l.begun != nil }
func (l *lines) Rest()         { l.whole = nil }

func TestAWireLeavesARestToItsCutter(t *testing.T) {
	client, server := net.Pipe()
	w := &stream.Wire{}
	w.Init(server, time.Second)
	go func() {
		_, _ = io.WriteString(client, "one\ntwo\nthr")
		_, _ = io.WriteString(client, "ee\n")
		_ = client.Close()
	}()
	cut := &lines{}
	for _, want := range []string{"one", "two", "three"} {
		frames, err := w.ReadFrames(cut)
		if err != nil || len(frames) != 1 || string(frames[0].Data) != want {
			t.Fatalf("frames = %v, %v, want %q", frames, err, want)
		}
	}
	if _, err := w.ReadFrames(cut); err != io.EOF {
		t.Errorf("ended with %v, want EOF", err)
	}
	w.Close(nil)
}
