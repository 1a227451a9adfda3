package connectortest

import (
	"bytes"
	"reflect"
	"sync"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/messages"
)

// conversation is the promises of Protocols and Codecs.
var conversation = []promise{
	{
		name: "a Protocol keeps nothing of a frame", check: feedKeepsNothing,
		text: "When Feed has returned, the frame may be overwritten: requests do not change.",
	},
	{
		name: "requests are what the client sent", check: requestsAreWhole,
		text: "A request has its client's route and body; a notify is marked as one, and a request is not.",
	},
	{
		name: "answers find their requests", check: answersFindRequests,
		text: "AppendResponse answers the request of its Origin, in whatever order requests are answered.",
	},
	{
		name: "a Codec is shared", check: codecIsShared,
		text: "Codecs are comparable, and those of clients that came in alike are equal; many goroutines use one at once.",
	},
	{
		name: "a Codec appends and keeps nothing", check: codecAppends,
		text: "A Codec's methods append to what they are given, return the same for the same message, and keep nothing of it.",
	},
}

func feedKeepsNothing(r *rig) {
	r.start()
	f, n := r.client(func(n *near) { n.scribble = true })
	const count = 20
	for number := 1; number <= count; number++ {
		f.send(f.client.Request(uint64(number), echoRoute, body(number, number)))
	}
	for number := 1; number <= count; number++ {
		q, ok := next(r.Patience, n.requests)
		if !ok {
			r.fatal("Conn", "message %d of a client was not among what the Protocol was fed within %v", number, r.Patience)
		}
		if got, err := numberOf(q.Body); err != nil || got != number || q.Route != echoRoute {
			r.fatal("Protocol", "Feed kept bytes of its frame: when that was overwritten, a request became %q with the body %.60q", q.Route, q.Body)
		}
	}
}

func requestsAreWhole(r *rig) {
	r.start()
	f, n := r.client()
	for number, pad := range []int{0, 1, 100, r.large()} {
		want := body(number, pad)
		f.send(f.client.Request(uint64(number+1), echoRoute, want))
		f.wantAs(n, number, want, false)
		f.send(f.client.Notify(echoRoute, want))
		f.wantAs(n, number, want, true)
	}
}

func (f *far) wantAs(n *near, number int, want []byte, notify bool) {
	f.Helper()
	q := n.wantRequest(number)
	if !bytes.Equal(q.Body, want) {
		f.broken("Protocol", "a request's body is %.60q of %d bytes, its client sent %.60q of %d", q.Body, len(q.Body), want, len(want))
	}
	if q.Notify != notify {
		f.broken("Protocol", "Request.Notify is %t of what its client sent with Notify %t", q.Notify, notify)
	}
}

func answersFindRequests(r *rig) {
	r.start()
	f, n := r.client()
	const count = 8
	asked := make([]connectors.Inbound, count)
	for i := range count {
		f.send(f.client.Request(uint64(i+1), echoRoute, body(i+1, 0)))
		asked[i] = n.wantRequest(i + 1)
	}
	for i := count - 1; i >= 0; i-- {
		n.answer(asked[i])
		f.want(Response, i+1)
	}
}

func codecIsShared(r *rig) {
	r.start()
	_, one := r.client()
	_, two := r.client()
	if !reflect.TypeOf(one.words()).Comparable() {
		r.fatal("Codec", "a %T is not comparable", one.words())
	}
	if one.words() != two.words() {
		r.broken("Codec", "the Codecs of two clients that came in alike are not equal: what is pushed to many is encoded for each of them")
	}
	want := one.push(1, 50)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 50 {
				if !bytes.Equal(two.push(1, 50), want) {
					r.broken("Codec", "AppendPush of the same push is not the same when many use the Codec")
					return
				}
			}
		})
	}
	all.Wait()
}

func codecAppends(r *rig) {
	r.start()
	f, n := r.client()
	f.send(f.client.Request(1, echoRoute, body(1, 0)))
	q := n.wantRequest(1)
	b := body(1, 30)
	for name, appendTo := range map[string]func(dst []byte) ([]byte, error){
		"AppendResponse": func(dst []byte) ([]byte, error) {
			return n.words().AppendResponse(dst, originOf(q), &messages.Response{Body: b, Encoding: q.Encoding})
		},
		"AppendPush": func(dst []byte) ([]byte, error) {
			return n.words().AppendPush(dst, &messages.Push{Route: pushRoute, Body: b})
		},
		"AppendKick": func(dst []byte) ([]byte, error) {
			return n.words().AppendKick(dst, &messages.Kick{Reason: "enough"})
		},
	} {
		r.wantAppended(name, b, appendTo)
	}
}

// wantAppended appends twice, and looks at the first when the second is there and b has been overwritten.
func (r *rig) wantAppended(name string, b []byte, appendTo func([]byte) ([]byte, error)) {
	r.Helper()
	const before = "before"
	one, err := appendTo([]byte(before))
	if err != nil {
		r.broken("Codec", "%s failed: %v", name, err)
		return
	}
	if !bytes.HasPrefix(one, []byte(before)) {
		r.broken("Codec", "%s does not append: what was before is %.60q", name, one)
		return
	}
	first := bytes.Clone(one)
	two, _ := appendTo([]byte(before))
	if !bytes.Equal(first, two) {
		r.broken("Codec", "%s made %.80q and then %.80q of the same message", name, first, two)
	}
	whole := bytes.Clone(b)
	scribble([][]byte{b})
	if !bytes.Equal(one, first) {
		r.broken("Codec", "%s kept bytes of the message: its package changed when that was overwritten", name)
	}
	copy(b, whole)
}
