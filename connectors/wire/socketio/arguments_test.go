package socketio_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/engineio"
	"github.com/fairlead-go/fairlead/connectors/wire/socketio"
	"github.com/fairlead-go/fairlead/connectors/wire/websocket"
	"github.com/fairlead-go/fairlead/messages"
)

// An event may have several arguments (P18.4).
func TestEventsOfSeveralArguments(t *testing.T) {
	for arguments, want := range map[int]bool{1: true, 3: true, 33: true, 34: false} {
		c := enter(socketio.Config{}, socketio.Seat{Version: engineio.V4, Mode: socketio.Events})
		c.says(`27["a.b"` + strings.Repeat(`,[1, 2]`, arguments) + "]")
		if got := c.ended == nil; got != want {
			t.Errorf("%d arguments: accepted %v, want %v", arguments, got, want)
		}
		if !want {
			continue
		}
		r := c.step.Requests[0].Request
		if string(r.Body) != "[1, 2]" || len(r.Arguments) != arguments-1 || arguments > 1 && string(r.Arguments[arguments-2]) != "[1, 2]" {
			t.Errorf("%d arguments: body %s and %q", arguments, r.Body, r.Arguments)
		}
	}
}

// And so may what is sent.
func TestMessagesOfSeveralArguments(t *testing.T) {
	c := eventCodec
	more := [][]byte{[]byte(`"x"`), []byte("2")}
	answer, err := c.AppendResponse(nil, connectors.Origin{ID: 7}, &messages.Response{Body: []byte("1"), Arguments: more})
	if _, got, _, _ := websocket.Cut(answer); err != nil || string(got) != `437[1,"x",2]` {
		t.Errorf("answer %q, %v", got, err)
	}
	push, err := c.AppendPush(nil, &messages.Push{Route: "on", Body: []byte("1"), Arguments: more})
	if _, got, _, _ := websocket.Cut(push); err != nil || string(got) != `42["on",1,"x",2]` {
		t.Errorf("push %q, %v", got, err)
	}
	for name, tt := range map[string]struct {
		mode socketio.Mode
		push *messages.Push
		want error
	}{
		"no JSON":               {socketio.Events, &messages.Push{Arguments: [][]byte{[]byte("x")}}, socketio.ErrBody},
		"beside bytes":          {socketio.Events, &messages.Push{Encoding: messages.Raw, Arguments: more}, socketio.ErrBeside},
		"for a pomelo client":   {socketio.Pomelo, &messages.Push{Arguments: more}, socketio.ErrArguments},
		"without an attachment": {socketio.Events, &messages.Push{Attachments: more, Arguments: [][]byte{[]byte(`{"_placeholder":true,"num":2}`)}}, socketio.ErrPlaceholder},
	} {
		if _, err := (socketio.Codec{Version: engineio.V4, Mode: tt.mode}).AppendPush(nil, tt.push); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
}
