package actors

import (
	"sync"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/messages"
)

// cell holds what a push to many looks like in each codec: encoded once, whoever asks.
type cell struct {
	node *node
	push *messages.Push
	mu   sync.Mutex // several batchers ask at the same time
	done []encoded
}

type encoded struct {
	codec connectors.Codec
	bytes []byte
	err   error
}

func (c *cell) encode(codec connectors.Codec) (b []byte, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range c.done {
		if e.codec == codec {
			return e.bytes, e.err
		}
	}
	err = safely(func() (err error) { b, err = codec.AppendPush(nil, c.push); return err })
	if err != nil {
		if c.node.fault(messages.FaultEncode, scene{route: c.push.Route, what: err}) {
			c.node.log.Warn("group push not encoded", "route", c.push.Route, "error", err)
		}
	}
	c.done = append(c.done, encoded{codec, b, err})
	return b, err
}
