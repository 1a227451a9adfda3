package messages_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/messages"
)

func TestAClientSeesOnlyErrorsMadeForIt(t *testing.T) {
	mine := messages.NewError(403, "not you")
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"its own":          {mine, "code 403: not you"},
		"wrapped":          {fmt.Errorf("chat: %w", mine), "code 403: not you"},
		"any other":        {errors.New("password wrong"), "code 500"},
		"none, yet failed": {nil, "code 500"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := (&messages.Request{Seq: 7}).Fail(c.err); got.Error.Error() != c.want || got.Seq != 7 {
				t.Errorf("Fail = %v, want seq 7 and %q", got, c.want)
			}
		})
	}
}

func TestAReplyIsWrittenAsTheRequestWas(t *testing.T) {
	req := &messages.Request{Seq: 9, Id: 3, Encoding: messages.Protobuf}
	if r := req.Reply([]byte("x")); r.Seq != 9 || string(r.Body) != "x" || r.Encoding != messages.Protobuf {
		t.Errorf("Reply = %v", r)
	}
}

func TestExpires(t *testing.T) {
	at := time.Unix(5, 6)
	if got := (&messages.Request{Deadline: at.UnixNano()}).Expires(); !got.Equal(at) {
		t.Errorf("Expires = %v, want %v", got, at)
	}
	if got := (&messages.Request{}).Expires(); !got.IsZero() {
		t.Errorf("Expires of a request without a deadline = %v", got)
	}
}

func TestCauseWords(t *testing.T) {
	for cause, want := range map[messages.Cause]string{
		messages.CauseHeartbeatTimeout: "heartbeat timeout",
		messages.CauseKicked:           "kicked",
	} {
		if got := cause.Word(); got != want {
			t.Errorf("%v is %q, want %q", cause, got, want)
		}
	}
}

// What travels between nodes must survive the trip, the PID in it included.
func TestARequestTravels(t *testing.T) {
	in := &messages.Request{
		Seq: 1, Id: 2, Route: "a.b", Body: []byte("{}"), Deadline: 3,
		Session:  &messages.Session{Id: "s", Socket: actor.NewPID("node:1", "x"), Settings: map[string][]byte{"k": []byte("v")}},
		Metadata: map[string]string{"trace": "1"},
	}
	b, err := proto.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	var out messages.Request
	if err := proto.Unmarshal(b, &out); err != nil || !proto.Equal(in, &out) {
		t.Errorf("came back as %v, %v", &out, err)
	}
}
