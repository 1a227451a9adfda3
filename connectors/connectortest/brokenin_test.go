package connectortest

import (
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/memory"
	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
)

var brokenReaders = map[string]broken{
	"frames come in halves": {
		promise: "frames are whole wherever the stream is cut", says: "was not among what the Protocol was fed",
		make: reads(func(c connectors.Conn) ([]connectors.Frame, error) {
			frames, err := c.ReadFrames()
			var halves []connectors.Frame
			for _, f := range frames {
				if f.Data[0] != pomelo.TypeData { // the handshake is left whole
					halves = append(halves, f)
					continue
				}
				halves = append(halves, connectors.Frame{Data: f.Data[:9]}, connectors.Frame{Data: f.Data[9:]})
			}
			return halves, err
		}),
	},
	"only the first frame of a read comes": {
		promise: "frames come in order", says: "where message 2 was sent",
		make: reads(func(c connectors.Conn) ([]connectors.Frame, error) {
			frames, err := c.ReadFrames()
			return frames[:min(len(frames), 1)], err
		}),
	},
	"frames of a read come backwards": {
		promise: "frames come in order", says: "came, where message",
		make: reads(func(c connectors.Conn) ([]connectors.Frame, error) {
			frames, err := c.ReadFrames()
			slices.Reverse(frames)
			return frames, err
		}),
	},
	"a buffer is used again too early": {
		promise: "frames stay until the next read", says: "frames changed before the next ReadFrames",
		races: true,
		make: reads(func(c connectors.Conn) ([]connectors.Frame, error) {
			frames, err := c.ReadFrames()
			time.AfterFunc(shortly/2, func() {
				for _, f := range frames {
					clear(f.Data)
				}
			})
			return frames, err
		}),
	},
	"limits are forgotten": {
		promise: "a frame over the limit is refused", says: "did not fail within",
		make: conns(func(c connectors.Conn) connectors.Conn { return &limitless{c} }),
	},
	"a frame over the limit is another error": {
		promise: "a frame over the limit is refused", says: "want connectors.ErrTooLarge",
		make: reads(func(c connectors.Conn) ([]connectors.Frame, error) {
			frames, err := c.ReadFrames()
			if errors.Is(err, connectors.ErrTooLarge) {
				err = errors.New("no")
			}
			return frames, err
		}),
	},
	"what is announced is allocated": {
		promise: "memory follows bytes and not promises", says: "KiB were allocated when a client had announced a frame of",
		make: func(w *wrapped) { w.eager = memory.Listen("eager") },
	},
	"garbage panics": {
		promise: "malformed bytes hurt only their client", says: "Conn.ReadFrames panicked",
		make: reads(func(c connectors.Conn) ([]connectors.Frame, error) {
			frames, err := c.ReadFrames()
			if errors.Is(err, connectors.ErrMalformed) {
				panic("index out of range")
			}
			return frames, err
		}),
	},
	"a message is expensive": {
		promise: "a message costs few allocations", says: "allocations, want at most",
		make: reads(func(c connectors.Conn) ([]connectors.Frame, error) {
			frames, err := c.ReadFrames()
			for range 1000 {
				waste.Store(new(int))
			}
			return frames, err
		}),
	},
}

// waste is what is allocated in vain.
var waste atomic.Pointer[int]

type limitless struct{ connectors.Conn }

func (*limitless) SetReadLimit(int) {}
