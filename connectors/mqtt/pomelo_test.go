package mqtt_test

import (
	"errors"
	"testing"

	"github.com/fairlead-go/fairlead/connectors/mqtt"
	wire "github.com/fairlead-go/fairlead/connectors/wire/mqtt"
	"github.com/fairlead-go/fairlead/messages"
)

func pomelo() *mqtt.Connector {
	return &mqtt.Connector{PublishRoute: "c.h.publish", SubscribeRoute: "c.h.subscribe"}
}

func TestPomelosPublish(t *testing.T) {
	for _, v := range versions {
		bubble(t, pomelo(), func(r *rig) {
			k := r.letIn(v)
			m := message("some/topic", "h\xffi\"")
			k.say(publish(v, m))
			m.QoS, m.ID, m.Dup = 1, 7, true
			k.say(publish(v, m))
			m.QoS, m.ID, m.Dup = 2, 8, false
			k.say(publish(v, m))
			k.want("acks", ack(v, wire.TypePuback, 7, 0), ack(v, wire.TypePubrec, 8, 0))
			for i, want := range []string{
				`{"topic":"some/topic","payload":"h\ufffdi\"","qos":0,"retain":false,"dup":false}`,
				`{"topic":"some/topic","payload":"h\ufffdi\"","qos":1,"retain":false,"dup":true,"messageId":7}`,
				`{"topic":"some/topic","payload":"h\ufffdi\"","qos":2,"retain":false,"dup":false,"messageId":8}`,
			} {
				in := k.asks[i]
				if in.Route != "c.h.publish" || in.Notify != (i == 0) || string(in.Body) != want || in.Encoding != messages.JSON {
					t.Errorf("%v: %v, want %s", v, in.Request, want)
				}
			}
		})
	}
}

func TestPomelosAnswersAndPushes(t *testing.T) {
	reply := message("re", "x")
	one := message("re", "x")
	one.QoS, one.ID = 1, 1
	kept := message("re", "x")
	kept.Retain = true
	for body, want := range map[string]*wire.Publish{
		`{"topic":"re","payload":"x"}`:               &reply,
		`{"topic":"re","payload":"x","qos":1}`:       &one,
		`{"topic":"re","payload":"x","qos":2}`:       &one,
		`{"topic":"re","payload":"x","retain":true}`: &kept,
		`{"topic":"re","payload":{"a": 1}}`:          {Topic: []byte("re"), Payload: []byte(`{"a": 1}`)},
		`{"topic":"re"}`:                             {Topic: []byte("re")},
		`{"payload":"x"}`:                            nil,
		`{"topic":7,"payload":"x"}`:                  nil,
		`{"topic":"a+","payload":"x"}`:               nil,
		`{"topic":"","payload":"x"}`:                 nil,
		`[]`:                                         nil,
		`no JSON`:                                    nil,
		``:                                           nil,
	} {
		for _, v := range versions {
			bubble(t, pomelo(), func(r *rig) {
				k := r.letIn(v)
				m := message("t", "")
				m.QoS, m.ID = 1, 3
				k.say(publish(v, m))
				k.hear()
				k.answer(&messages.Response{Body: []byte(body)})
				if want == nil {
					k.want("an answer "+body, nil)
				} else {
					k.want("an answer "+body, publish(v, *want))
				}
			})
			bubble(t, pomelo(), func(r *rig) {
				k := r.letIn(v)
				if want == nil {
					if b, err := k.codec.AppendPush(nil, &messages.Push{Route: "any", Body: []byte(body)}); !errors.Is(err, mqtt.ErrNoTopic) || len(b) > 0 {
						t.Errorf("a push %s: %x, %v", body, b, err)
					}
					return
				}
				k.push(&messages.Push{Route: "any", Body: []byte(body)})
				k.want("a push "+body, publish(v, *want))
			})
		}
	}
	bubble(t, pomelo(), func(r *rig) {
		k := r.letIn(wire.V311)
		m := message("t", "")
		m.QoS, m.ID = 1, 3
		k.say(publish(wire.V311, m))
		k.hear()
		k.answer(&messages.Response{Error: messages.NewError(500, "")})
		k.want("a failure", nil)
		if b, err := k.codec.AppendKick(nil, &messages.Kick{Reason: "x"}); err != nil || len(b) > 0 {
			t.Errorf("a kick: %x, %v", b, err)
		}
	})
}

func TestPomelosSubscribe(t *testing.T) {
	fail := &messages.Response{Error: messages.NewError(500, "")}
	for _, tt := range []struct {
		r    *messages.Response
		want []wire.ReasonCode
	}{
		{&messages.Response{Body: []byte("[1,0]")}, []wire.ReasonCode{1, 0}},
		{&messages.Response{Body: []byte("[2,128]")}, []wire.ReasonCode{1, 0x80}},
		{&messages.Response{Body: []byte("[1]")}, []wire.ReasonCode{0x80, 0x80}},
		{&messages.Response{Body: []byte("{}")}, []wire.ReasonCode{0x80, 0x80}},
		{fail, []wire.ReasonCode{0x80, 0x80}},
	} {
		for _, v := range versions {
			bubble(t, pomelo(), func(r *rig) {
				k := r.letIn(v)
				k.say(subscribe(v, 5, 1, "a/#", "é"))
				k.want("the route is asked", nil)
				in := k.asks[0]
				if in.Route != "c.h.subscribe" || in.Notify || string(in.Body) != `{"subscriptions":[{"topic":"a/#","qos":1},{"topic":"é","qos":1}]}` {
					t.Errorf("asked %v", in.Request)
				}
				k.answer(tt.r)
				k.want(v.String(), suback(v, 5, tt.want...))
			})
		}
	}
}

// The route learns what was asked for, which nobody gets more of than there is.
func TestPomelosSubscribeAtQoS2(t *testing.T) {
	c := pomelo()
	c.MaxSubscriptions = 2
	bubble(t, c, func(r *rig) {
		k := r.letIn(wire.V5)
		k.say(subscribe(wire.V5, 5, 2, "a"))
		if got := string(k.asks[0].Body); got != `{"subscriptions":[{"topic":"a","qos":2}]}` {
			t.Errorf("asked %s", got)
		}
		k.answer(&messages.Response{Body: []byte("[2]")})
		k.want("QoS 1", suback(wire.V5, 5, 1))
		k.say(subscribe(wire.V5, 6, 0, "b", "c", "d"))
		k.want("too many at once", suback(wire.V5, 6, wire.QuotaExceeded, wire.QuotaExceeded, wire.QuotaExceeded))
		if len(k.asks) != 1 {
			t.Errorf("asked %d times", len(k.asks))
		}
	})
}

// In pomelo's mode anything published is held back from who has not asked for it.
func TestPomelosSubscribers(t *testing.T) {
	c := pomelo()
	c.RequireSubscribe = true
	bubble(t, c, func(r *rig) {
		k := r.letIn(wire.V311)
		p := &messages.Push{Body: []byte(`{"topic":"a/b","payload":"x"}`)}
		k.push(p)
		k.want("nothing is subscribed to", nil)
		k.say(subscribe(wire.V311, 5, 0, "a/#"))
		k.answer(&messages.Response{Body: []byte("[0]")})
		k.hear()
		k.push(p)
		k.want("subscribed", publish(wire.V311, message("a/b", "x")))
	})
}
