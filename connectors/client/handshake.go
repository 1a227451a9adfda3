package client

import (
	"context"
	"encoding/json"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
)

// Handshake is what the server answered a client that it let in.
type Handshake struct {
	// Sys and User are the members of those names as the server wrote them, nil
	// if it did not. Over socket.io there are none.
	Sys, User json.RawMessage
	// Heartbeat is how often the two sides show each other life: what Sys tells, zero
	// if nothing; over socket.io how often the server asks.
	Heartbeat time.Duration
}

// talk is what is spoken over a wire. It has no state.
type talk interface {
	// enter says who comes in, and hears whether that may be.
	enter(w wire, cfg Config) (welcome, error)
	// message is a request, or a notify where the id is 0, as wires write it.
	message(id uint64, route string, body []byte) ([]byte, error)
	// beat is a sign of life, and bye what is said before hanging up, if anything.
	beat() []byte
	bye() []byte
	// hear sees to one frame. An error ends the client.
	hear(c *Client, f connectors.Frame) error
}

// welcome is what a server says to a client that comes in.
type welcome struct {
	Handshake
	// patience is how long a server may be silent that asks for life by itself. Zero
	// means that it does not.
	patience time.Duration
	// rest is the frames that came right behind.
	rest []connectors.Frame
}

// shakeHands enters, while there is time.
func shakeHands(ctx context.Context, w wire, t talk, cfg Config) (welcome, error) {
	stop := context.AfterFunc(ctx, func() { w.close() })
	in, err := t.enter(w, cfg)
	if !stop() {
		err = ctx.Err()
	}
	return in, err
}
