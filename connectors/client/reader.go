package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
)

// read runs in the reader's goroutine and ends when the wire does. It begins
// with what came behind the handshake.
func (c *Client) read(frames []connectors.Frame) {
	defer close(c.done)
	defer c.out.wait()
	var err error
	for {
		if len(frames) > 0 {
			c.pulse.alive()
			c.vigil.alive()
		}
		if bad := c.takeAll(frames); bad != nil {
			err = bad
		}
		if err != nil {
			c.fail(hungUp(err))
			return
		}
		frames, err = c.wire.read()
	}
}

func (c *Client) takeAll(frames []connectors.Frame) error {
	for _, f := range frames {
		if err := c.talk.hear(c, f); err != nil {
			return err
		}
	}
	return nil
}

func (c *Client) takePush(route string, body []byte) {
	c.mu.Lock()
	fn := c.on[route]
	c.mu.Unlock()
	switch {
	case fn != nil:
		c.handle(func() { fn(append([]byte{}, body...)) })
	case c.push != nil:
		c.handle(func() { c.push(route, append([]byte{}, body...)) })
	}
}

func (c *Client) takeKick(body []byte) error {
	var kick struct {
		Reason                 any // a text from us; others send any JSON
		RetryAfterMs, SpreadMs float64
	}
	json.Unmarshal(body, &kick)
	reason, ok := kick.Reason.(string)
	if !ok && kick.Reason != nil {
		reason = fmt.Sprint(kick.Reason)
	}
	c.mu.Lock()
	fn := c.onKick
	c.mu.Unlock()
	if fn != nil {
		c.handle(func() { fn(reason) })
	}
	return &KickError{reason, milliseconds(kick.RetryAfterMs), milliseconds(kick.SpreadMs)}
}

// milliseconds is n of them as far as that makes sense: servers may say anything.
func milliseconds(n float64) time.Duration {
	return time.Duration(min(max(n, 0), math.MaxUint32)) * time.Millisecond
}

// handle runs a handler of the user's, unless the client has ended.
func (c *Client) handle(fn func()) {
	c.mu.Lock()
	ended := c.err != nil
	c.handling = !ended
	c.mu.Unlock()
	if ended {
		return
	}
	fn()
	c.mu.Lock()
	c.handling = false
	c.mu.Unlock()
}

// hungUp says in words what io.EOF means here.
func hungUp(err error) error {
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("client: the server hung up: %w", err)
	}
	return err
}
