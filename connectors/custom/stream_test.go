package custom_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/custom"
	"github.com/fairlead-go/fairlead/connectors/memory"
)

// pair is a client and the Conn of its wire.
func pair(t testing.TB, cfg custom.StreamConfig) (net.Conn, connectors.Conn) {
	t.Helper()
	l := memory.Listen("custom")
	client, err := l.Dial()
	if err != nil {
		t.Fatal(err)
	}
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	c := custom.Stream(server, cfg)
	t.Cleanup(func() {
		client.Close()
		c.Close(connectors.Reason{})
	})
	return client, c
}

// readAll is what ReadFrames brings up to its error.
func readAll(c connectors.Conn) (frames []string, err error) {
	for err == nil {
		var some []connectors.Frame
		some, err = c.ReadFrames()
		for _, f := range some {
			frames = append(frames, string(f.Data))
		}
	}
	return frames, err
}

func TestStreamsAreCut(t *testing.T) {
	bad := errors.New("bad")
	for name, tt := range map[string]struct {
		cut   custom.Cut
		wire  string
		limit int // zero: 8
		want  []string
		err   error // nil: io.EOF
	}{
		"lines":                               {cut: custom.Lines, wire: "a\nbc\n\n", want: []string{"a\n", "bc\n", "\n"}},
		"a line begun":                        {cut: custom.Lines, wire: "a\nbc", want: []string{"a\n"}},
		"a line at the limit":                 {cut: custom.Lines, wire: "1234567\n", want: []string{"1234567\n"}},
		"a line over the limit":               {cut: custom.Lines, wire: "a\n12345678\n", want: []string{"a\n"}, err: connectors.ErrTooLarge},
		"a line that never ends":              {cut: custom.Lines, wire: "12345678", err: connectors.ErrTooLarge},
		"sizes of a byte":                     {cut: custom.Prefixed(1), wire: "\x02hi\x00\x01!", want: []string{"\x02hi", "\x00", "\x01!"}},
		"sizes of two bytes":                  {cut: custom.Prefixed(2), wire: "\x00\x02hi\x00\x00", want: []string{"\x00\x02hi", "\x00\x00"}},
		"a size at the limit":                 {cut: custom.Prefixed(2), wire: "\x00\x06123456", want: []string{"\x00\x06123456"}},
		"a size over the limit, without more": {cut: custom.Prefixed(2), wire: "\x00\x07", err: connectors.ErrTooLarge},
		"a size of four bytes over all":       {cut: custom.Prefixed(4), wire: "\xff\xff\xff\xff", err: connectors.ErrTooLarge},
		"an error of the cut's":               {cut: func([]byte) (int, error) { return 0, bad }, wire: "x", err: bad},
		"which is the client's fault":         {cut: func([]byte) (int, error) { return 0, bad }, wire: "x", err: connectors.ErrMalformed},
		"a size below zero":                   {cut: func([]byte) (int, error) { return -1, nil }, wire: "x", err: custom.ErrCut},
	} {
		for _, size := range []int{1, 2, 3, 100} {
			t.Run(fmt.Sprintf("%s, %d bytes at a time", name, size), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					limit := max(tt.limit, 8)
					client, c := pair(t, custom.StreamConfig{Cut: tt.cut, MaxFrame: limit})
					go func() {
						for piece := range slices.Chunk([]byte(tt.wire), size) {
							client.Write(piece)
							synctest.Wait()
						}
						client.Close()
					}()
					got, err := readAll(c)
					if want := tt.err; want == nil && err != io.EOF || want != nil && !errors.Is(err, want) {
						t.Errorf("error = %v, want %v", err, want)
					}
					if !slices.Equal(got, tt.want) {
						t.Errorf("frames = %q, want %q", got, tt.want)
					}
				})
			})
		}
	}
}

func TestALimitThatIsLoweredBindsWhatHasBegun(t *testing.T) {
	client, c := pair(t, custom.StreamConfig{Cut: custom.Prefixed(1)})
	client.Write([]byte("\x00\x09123"))
	if frames, err := c.ReadFrames(); len(frames) != 1 || err != nil {
		t.Fatalf("frames = %v and %v, want one", frames, err)
	}
	c.SetReadLimit(9)
	if _, err := c.ReadFrames(); !errors.Is(err, connectors.ErrTooLarge) {
		t.Errorf("error = %v, want ErrTooLarge", err)
	}
}

func TestAFrameMustBeCompleteInTime(t *testing.T) {
	for name, tt := range map[string]struct {
		time, want time.Duration
	}{
		"by default":       {want: 10 * time.Second},
		"when it is asked": {time: time.Second, want: time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, c := pair(t, custom.StreamConfig{Cut: custom.Lines, FrameTime: tt.time})
				go func() {
					time.Sleep(time.Hour)
					client.Write([]byte("never"))
				}()
				begin := time.Now()
				_, err := c.ReadFrames()
				if d := time.Since(begin) - time.Hour; !errors.Is(err, connectors.ErrStalled) || d != tt.want {
					t.Errorf("ended with %v, %v after the first byte, want ErrStalled after %v", err, d, tt.want)
				}
			})
		})
	}
}

// What is held follows what has come, and not what was announced.
func TestMemoryFollowsWhatHasCome(t *testing.T) {
	client, c := pair(t, custom.StreamConfig{Cut: custom.Prefixed(4), MaxFrame: 1 << 30})
	client.Write([]byte("\x3f\x00\x00\x00x"))
	client.Close()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := readAll(c); !errors.Is(err, io.EOF) {
		t.Errorf("ended with %v, want io.EOF", err)
	}
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 64<<10 {
		t.Errorf("1 GiB announced and five bytes sent take %d bytes", n)
	}
}

func TestPackagesAreJoinedInOneWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, c := pair(t, custom.StreamConfig{Cut: custom.Lines})
		if err := c.Write(net.Buffers{[]byte("a\n"), []byte("b\n"), []byte("c\n")}); err != nil {
			t.Fatal(err)
		}
		c.Close(connectors.Reason{})
		if b, err := io.ReadAll(client); string(b) != "a\nb\nc\n" || err != nil {
			t.Errorf("read %q and %v, want all three", b, err)
		}
		if err := c.Write(net.Buffers{[]byte("d\n")}); !errors.Is(err, net.ErrClosed) {
			t.Errorf("write after close: %v, want net.ErrClosed", err)
		}
	})
}

func TestPrefixedTakesOneToFourBytes(t *testing.T) {
	for _, width := range []int{0, 5} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("Prefixed(%d) is no panic", width)
				}
			}()
			custom.Prefixed(width)
		}()
	}
}

// However a stream is segmented, the same frames come out.
func FuzzStream(f *testing.F) {
	f.Add([]byte("a\nbc\n\nd"), uint8(1))
	f.Add([]byte("\x01a\x02bc\n"), uint8(3))
	f.Fuzz(func(t *testing.T, wire []byte, size uint8) {
		if len(wire) > 1<<12 {
			return
		}
		for name, cut := range map[string]custom.Cut{"lines": custom.Lines, "prefixed": custom.Prefixed(1)} {
			whole, wholeErr := cutAll(t, cut, wire, len(wire)+1)
			got, err := cutAll(t, cut, wire, int(size)+1)
			if !slices.Equal(got, whole) || !errors.Is(err, wholeErr) {
				t.Errorf("%s: %q and %v by %d bytes, %q and %v at once", name, got, err, size+1, whole, wholeErr)
			}
			if !bytes.HasPrefix(wire, []byte(strings.Join(got, ""))) {
				t.Errorf("%s: %q is not the head of %q", name, got, wire)
			}
		}
	})
}

func cutAll(t *testing.T, cut custom.Cut, wire []byte, size int) ([]string, error) {
	near, far := net.Pipe()
	c := custom.Stream(near, custom.StreamConfig{Cut: cut, MaxFrame: 100})
	defer c.Close(connectors.Reason{})
	go func() {
		defer far.Close()
		for piece := range slices.Chunk(wire, size) {
			if _, err := far.Write(piece); err != nil {
				return
			}
		}
	}()
	frames, err := readAll(c)
	for _, known := range []error{io.EOF, connectors.ErrTooLarge} {
		if errors.Is(err, known) {
			return frames, known
		}
	}
	t.Fatalf("ended with %v", err)
	return nil, nil
}
