package connectortest

import (
	"bytes"
	"sync/atomic"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/messages"
)

var brokenWords = map[string]broken{
	"a body lies in its frame": {
		promise: "a Protocol keeps nothing of a frame", says: "Feed kept bytes of its frame",
		make: feeds(func(step *connectors.Step, f connectors.Frame) {
			for _, q := range step.Requests {
				q.Body = f.Data[len(f.Data)-len(q.Body):]
			}
		}),
	},
	"a message panics": {
		promise: "requests are what the client sent", says: "a Protocol panicked: index out of range",
		make: feeds(func(step *connectors.Step, _ connectors.Frame) {
			if len(step.Requests) > 0 {
				panic("index out of range")
			}
		}),
	},
	"a body is longer than it was": {
		promise: "requests are what the client sent", says: "a request's body is",
		make: feeds(func(step *connectors.Step, _ connectors.Frame) {
			for _, q := range step.Requests {
				q.Body = append(q.Body, ' ')
			}
		}),
	},
	"notifies are requests": {
		promise: "requests are what the client sent", says: "Request.Notify is false",
		make: feeds(func(step *connectors.Step, _ connectors.Frame) {
			for _, q := range step.Requests {
				q.Notify = false
			}
		}),
	},
	"answers have the id of the last request": {
		promise: "answers find their requests", says: "the answer to request 8 has the id 1",
		make: codecs(func(c connectors.Codec) connectors.Codec { return confused{c} }),
	},
	"each client has its Codec": {
		promise: "a Codec is shared", says: "the Codecs of two clients that came in alike are not equal",
		make: codecs(func(c connectors.Codec) connectors.Codec { return &own{c} }),
	},
	"a Codec is not comparable": {
		promise: "a Codec is shared", says: "is not comparable",
		make: codecs(func(c connectors.Codec) connectors.Codec { return listed{Codec: c} }),
	},
	"a Codec begins anew": {
		promise: "a Codec appends and keeps nothing", says: "AppendPush does not append",
		make: codecs(func(c connectors.Codec) connectors.Codec { return fresh{c} }),
	},
	"a Codec counts": {
		promise: "a Codec appends and keeps nothing", says: "of the same message",
		make: codecs(func(c connectors.Codec) connectors.Codec { return &counting{Codec: c} }),
	},
}

// feeds breaks Feed.
func feeds(after func(*connectors.Step, connectors.Frame)) func(*wrapped) {
	return func(w *wrapped) {
		w.protocol = func(p connectors.Protocol) connectors.Protocol { return &feeding{p, after} }
	}
}

// codecs breaks Codecs.
func codecs(f func(connectors.Codec) connectors.Codec) func(*wrapped) {
	return func(w *wrapped) { w.codec = f }
}

// confused answers always the same request.
type confused struct{ connectors.Codec }

func (c confused) AppendResponse(dst []byte, _ connectors.Origin, r *messages.Response) ([]byte, error) {
	return c.Codec.AppendResponse(dst, connectors.Origin{ID: 1}, r)
}

type own struct{ connectors.Codec }

type listed struct {
	connectors.Codec
	_ []int
}

type fresh struct{ connectors.Codec }

func (c fresh) AppendPush(_ []byte, p *messages.Push) ([]byte, error) {
	return c.Codec.AppendPush(nil, p)
}

type counting struct {
	connectors.Codec
	n atomic.Int64
}

func (c *counting) AppendPush(dst []byte, p *messages.Push) ([]byte, error) {
	dst, err := c.Codec.AppendPush(dst, p)
	return append(dst, bytes.Repeat([]byte{0}, int(c.n.Add(1)))...), err
}

var brokenDeliveries = map[string]broken{
	"Takes overlap": {
		promise: "Takes follow each other", says: "Take was called while another Take was under way",
		make: delivers(func(c connectors.Conn, to connectors.Sink) {
			read(c, func(frames []connectors.Frame, err error) bool {
				for _, f := range frames { // which are copies of their own
					f.Data = bytes.Clone(f.Data)
					go to.Take([]connectors.Frame{f}, nil)
					apart()
				}
				return err == nil || to.Take(nil, err)
			})
		}),
	},
	"Take is called after the end": {
		promise: "nothing is brought that is not wanted", says: "Take was called with frames after the end, or after it had returned false",
		make: delivers(func(c connectors.Conn, to connectors.Sink) {
			read(c, func(frames []connectors.Frame, err error) bool { to.Take(frames, err); return err == nil })
		}),
	},
	"the end is told twice": {
		promise: "the end of a client is told once", says: "the end of a client was told again",
		make: delivers(func(c connectors.Conn, to connectors.Sink) {
			read(c, func(frames []connectors.Frame, err error) bool {
				more := to.Take(frames, err)
				if err != nil {
					to.Take(nil, err)
				}
				return more
			})
		}),
	},
	"a lock is held while a Take runs": {
		promise: "a Take may use its Conn", says: "Write waited for a Take within",
		make: conns(func(c connectors.Conn) connectors.Conn { return &holding{locked{Conn: c}} }),
	},
}

// delivers makes broken Deliverers.
func delivers(f func(connectors.Conn, connectors.Sink)) func(*wrapped) {
	return conns(func(c connectors.Conn) connectors.Conn { return &deliverer{c, f} })
}

func read(c connectors.Conn, take func([]connectors.Frame, error) bool) {
	for {
		if frames, err := c.ReadFrames(); !take(frames, err) {
			return
		}
	}
}

// holding is a Deliverer that takes as it writes: under its lock.
type holding struct{ locked }

func (h *holding) Deliver(to connectors.Sink) {
	go read(h.Conn, func(frames []connectors.Frame, err error) bool {
		h.mu.Lock()
		defer h.mu.Unlock()
		return to.Take(frames, err) && err == nil
	})
}
