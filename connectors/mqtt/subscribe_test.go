package mqtt_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/mqtt"
	wire "github.com/fairlead-go/fairlead/connectors/wire/mqtt"
	"github.com/fairlead-go/fairlead/messages"
)

func subscribe(v wire.Version, id uint16, qos byte, filters ...string) []byte {
	s := wire.Subscribe{ID: id}
	for _, f := range filters {
		s.Filters = append(s.Filters, wire.Subscription{Filter: []byte(f), QoS: qos})
	}
	return must(s.Append(nil, v))
}

func suback(v wire.Version, id uint16, codes ...wire.ReasonCode) []byte {
	return must(wire.Suback{ID: id, Codes: codes}.Append(nil, v))
}

func TestSubscriptions(t *testing.T) {
	for _, v := range versions {
		no, plain := wire.NotAuthorized, wire.NotAuthorized
		if v == wire.V5 {
			plain = wire.GrantedQoS1
		}
		bubble(t, &mqtt.Connector{}, func(r *rig) {
			k := r.letIn(v)
			k.say(subscribe(v, 5, 2, "pomelo/push/#", "my/reply", "pomelo/res/+", "a/#", "+"))
			k.want(v.String(), suback(v, 5, 1, plain, 1, no, no))
			k.say(subscribe(v, 6, 0, "pomelo/x"))
			k.want("QoS 0", suback(v, 6, 0))
		})
		bubble(t, &mqtt.Connector{MaxSubscriptions: 2}, func(r *rig) {
			k := r.letIn(v)
			k.say(subscribe(v, 5, 0, "pomelo/1", "pomelo/2", "pomelo/3", "pomelo/1"))
			k.want("too many", suback(v, 5, 0, 0, wire.QuotaExceeded, 0))
		})
		var asked []string
		allow := func(who connectors.Credentials, filter string) bool {
			asked = append(asked, who.ClientID+" "+filter)
			return filter == "yes/#"
		}
		bubble(t, &mqtt.Connector{AllowSubscribe: allow}, func(r *rig) {
			asked = nil
			k := r.letIn(v)
			k.say(subscribe(v, 5, 0, "yes/#", "no", "pomelo/x"))
			k.want("as the application says", suback(v, 5, 0, no, 0))
			if fmt.Sprint(asked) != "[c1 yes/# c1 no]" {
				t.Errorf("asked %v", asked)
			}
		})
	}
}

func TestAllowSubscribeThatPanics(t *testing.T) {
	allow := func(_ connectors.Credentials, filter string) bool {
		if filter == "bad" {
			panic("as asked")
		}
		return true
	}
	bubble(t, &mqtt.Connector{AllowSubscribe: allow}, func(r *rig) {
		k := r.letIn(wire.V5)
		var step connectors.Step
		k.proto.Feed(&step, connectors.Frame{Data: subscribe(wire.V5, 5, 0, "good", "bad", "fine")}, time.Now())
		if want := suback(wire.V5, 5, 0, wire.NotAuthorized, 0); step.Lost != 1 || string(step.Send) != string(want) {
			t.Errorf("lost %d, answered %x, want %x", step.Lost, step.Send, want)
		}
	})
}

func TestUnsubscribe(t *testing.T) {
	for _, v := range versions {
		bubble(t, &mqtt.Connector{}, func(r *rig) {
			k := r.letIn(v)
			k.say(subscribe(v, 1, 0, "pomelo/a"))
			k.hear()
			k.say(must(wire.Unsubscribe{ID: 2, Filters: [][]byte{[]byte("pomelo/a"), []byte("b")}}.Append(nil, v)))
			k.want(v.String(), must(wire.Unsuback{ID: 2, Codes: []wire.ReasonCode{0, wire.NoSubscriptionExisted}}.Append(nil, v)))
		})
	}
}

func TestSubscriptionsThatAreNotOffered(t *testing.T) {
	for name, tt := range map[string]struct {
		s    wire.Subscribe
		code wire.ReasonCode
	}{
		"shared":     {wire.Subscribe{ID: 1, Filters: []wire.Subscription{{Filter: []byte("$share/g/a")}}}, wire.SharedSubscriptionsNotSupported},
		"identified": {wire.Subscribe{ID: 1, Filters: []wire.Subscription{{Filter: []byte("a")}}, Properties: wire.Properties{SubscriptionIDs: []uint32{1}}}, wire.SubscriptionIdentifiersNotSupported},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, &mqtt.Connector{}, func(r *rig) {
				k := r.letIn(wire.V5)
				k.say(must(tt.s.Append(nil, wire.V5)))
				k.want("farewell", goodbye(tt.code, ""))
				k.wantEnd(messages.CauseMalformed)
			})
		})
	}
}

func TestPushesForSubscribersOnly(t *testing.T) {
	for _, v := range versions {
		bubble(t, &mqtt.Connector{RequireSubscribe: true}, func(r *rig) {
			k := r.letIn(v)
			k.push(onX("1"))
			k.want("nothing is subscribed to", nil)
			k.say(subscribe(v, 1, 0, "pomelo/push/+"))
			k.hear()
			k.push(onX("2"))
			k.want("subscribed", publish(v, message("pomelo/push/onX", "2")))
			k.say(must(wire.Unsubscribe{ID: 2, Filters: [][]byte{[]byte("pomelo/push/+")}}.Append(nil, v)))
			k.hear()
			k.push(onX("3"))
			k.want("not any more", nil)
			k.say(publish(v, message("pomelo/req/1/a", "{}")))
			k.answer(&messages.Response{Body: []byte("{}")})
			k.want("answers come anyway", publish(v, message("pomelo/res/1", "{}")))
		})
	}
}
