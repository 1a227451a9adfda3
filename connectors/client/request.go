package client

import (
	"context"
	"encoding/json"
	"math"
	"sync"

	"github.com/fairlead-go/fairlead/messages"
)

func (c *Client) request(ctx context.Context, route string, v any) (json.RawMessage, error) {
	body, err := encode(v)
	if err != nil {
		return nil, err
	}
	id, answer := c.calls.open()
	defer c.calls.drop(id)
	if err := c.send(ctx, id, route, body); err != nil {
		return nil, err
	}
	select {
	case b := <-answer:
		return b, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-c.gone:
	}
	select {
	case b := <-answer: // it came before the end
		return b, nil
	default:
		return nil, c.Err()
	}
}

func (c *Client) notify(route string, v any) error {
	body, err := encode(v)
	if err != nil {
		return err
	}
	return c.send(context.Background(), 0, route, body)
}

func (c *Client) send(ctx context.Context, id uint64, route string, body []byte) error {
	b, err := c.talk.message(id, route, body)
	if err != nil {
		return err
	}
	if err := c.out.put(ctx, b); err != nil {
		if gone := c.Err(); gone != nil {
			return gone
		}
		return err
	}
	return nil
}

// encode writes a body. Schemas would be asked here.
func encode(v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return []byte("{}"), nil
	case []byte:
		return v, nil
	case json.RawMessage:
		return v, nil
	}
	return json.Marshal(v)
}

// calls are the requests that wait for their answer, by id.
type calls struct {
	mu      sync.Mutex
	last    uint64
	waiting map[uint64]chan json.RawMessage
}

// open makes an id, from 1 to 2³¹−1 (P6.3), and the place where its answer comes.
func (c *calls) open() (id uint64, answer <-chan json.RawMessage) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.waiting == nil {
		c.waiting = make(map[uint64]chan json.RawMessage)
	}
	for taken := true; taken; {
		c.last = c.last%math.MaxInt32 + 1
		_, taken = c.waiting[c.last]
	}
	place := make(chan json.RawMessage, 1)
	c.waiting[c.last] = place
	return c.last, place
}

// answer hands b to whoever waits for it, if anybody still does.
func (c *calls) answer(id uint64, b []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if place, ok := c.waiting[id]; ok {
		delete(c.waiting, id)
		place <- append(json.RawMessage{}, b...)
	}
}

func (c *calls) drop(id uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.waiting, id)
}

// Failure reads a body as servers write failures, {"code":500} and perhaps a msg:
// an object whose code is a whole number other than 0 and 200. It returns a
// *messages.Error, or nil for any other body. Ask it only about routes that do
// not use code for something else.
func Failure(body []byte) error {
	var f struct {
		Code int32
		Msg  any
	}
	if json.Unmarshal(body, &f) != nil || f.Code == 0 || f.Code == accepted {
		return nil
	}
	msg, _ := f.Msg.(string)
	return messages.NewError(f.Code, msg)
}
