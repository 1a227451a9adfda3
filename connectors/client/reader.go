package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
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
		p, _, err := pomelo.DecodePackage(f.Data)
		if err != nil {
			return err
		}
		if err := c.take(p); err != nil {
			return err
		}
	}
	return nil
}

// take sees to one package. An error ends the client.
func (c *Client) take(p pomelo.Package) error {
	switch p.Type {
	case pomelo.TypeData:
		return c.takeData(p.Body)
	case pomelo.TypeKick:
		return c.takeKick(p.Body)
	}
	return nil // a heartbeat is life, as any package
}

func (c *Client) takeData(b []byte) error {
	m, err := pomelo.DecodeMessage(b)
	if err != nil {
		return err
	}
	switch m.Kind {
	case pomelo.KindResponse:
		c.calls.answer(m.ID, m.Body)
	case pomelo.KindPush:
		if m.Compressed {
			return ErrDictionary
		}
		c.takePush(string(m.Route), m.Body)
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
