package cluster_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/connectors/client"
	"github.com/fairlead-go/fairlead/messages"
)

// patience bounds what a test waits for that has no limit of its own.
const patience = 30 * time.Second

// ask makes one request. An error that the server answers is a *messages.Error.
func ask(c *client.Client, route string, in, out any) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if in == nil {
		in = struct{}{}
	}
	b, err := c.Request(ctx, route, in)
	if err != nil {
		return err
	}
	if err := client.Failure(b); err != nil {
		return err
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(b, out)
}

// eventually asks again and again until ok, or fails.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	if !within(patience, ok) {
		t.Fatalf("after %v still not: %s", patience, what)
	}
}

func within(limit time.Duration, ok func() bool) bool {
	end := time.Now().Add(limit)
	for !ok() {
		if time.Now().After(end) {
			return false
		}
		<-time.After(10 * time.Millisecond)
	}
	return true
}

// code is that of a server's error; zero: it is none.
func code(err error) int32 {
	var e *messages.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return 0
}
