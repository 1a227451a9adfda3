package socketio_test

import (
	"slices"
	"testing"

	"github.com/fairlead-go/fairlead/connectors/wire/engineio"
	"github.com/fairlead-go/fairlead/connectors/wire/socketio"
	"github.com/fairlead-go/fairlead/messages"
)

func TestAttachmentsComeBehindTheirPacket(t *testing.T) {
	l := enter(socketio.Config{}, socketio.Seat{Version: engineio.V4, SID: "SID"})
	l.says(`52-7["chat.send",{"a":{"_placeholder":true,"num":0},"b":[{"num":1,"_placeholder":true}]}]`)
	l.attaches("one")
	if len(l.step.Requests) != 0 {
		t.Fatal("a request has come before its last attachment")
	}
	l.attaches("two")
	if len(l.step.Requests) != 1 {
		t.Fatalf("%d requests, ended: %v", len(l.step.Requests), l.ended)
	}
	r := l.step.Requests[0]
	if r.Id != 7 || r.Notify || r.Route != "chat.send" || string(r.Attachments[0]) != "one" || string(r.Attachments[1]) != "two" {
		t.Errorf("request = %v", r.Request)
	}
	if want := `{"a":{"_placeholder":true,"num":0},"b":[{"num":1,"_placeholder":true}]}`; string(r.Body) != want {
		t.Errorf("body = %s, want %s", r.Body, want)
	}
	answer, err := l.codec.AppendResponse(nil, origin(r), &messages.Response{Body: []byte("raw"), Encoding: messages.Raw})
	if want := []string{`461-7[{"_placeholder":true,"num":0}]`, "<raw>"}; err != nil || !slices.Equal(joined(answer), want) {
		t.Errorf("answer = %q, %v, want %q", joined(answer), err, want)
	}
}
