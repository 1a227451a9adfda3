package mqtt_test

import (
	"net"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/mqtt"
	wire "github.com/fairlead-go/fairlead/connectors/wire/mqtt"
	"github.com/fairlead-go/fairlead/messages"
)

// spoken are the packets of one client, of each kind.
func spoken(v wire.Version) (all [][]byte) {
	one, two := message("a/b", "{}"), message("pomelo/req/1/a", "{}")
	one.QoS, one.ID, two.QoS, two.ID = 1, 1, 2, 2
	all = [][]byte{
		connect(v, func(c *wire.Connect) {
			c.Will = &wire.Will{Topic: []byte("w"), Payload: []byte("gone")}
			c.Username, c.Password = []byte("u"), []byte("p")
		}),
		publish(v, message("a", "{}")), publish(v, one), publish(v, two), ack(v, wire.TypePubrel, 2, 0), ack(v, wire.TypePuback, 1, 0),
		subscribe(v, 3, 1, "pomelo/#", "a/+"), must(wire.Unsubscribe{ID: 4, Filters: [][]byte{[]byte("pomelo/#")}}.Append(nil, v)),
		wire.AppendPingreq(nil), ack(v, wire.TypePubrec, 1, 0), ack(v, wire.TypePubcomp, 1, 0),
	}
	if v == wire.V5 {
		all = append(all, publish(v, asking("a/b", "re/ply", "c")), goodbye(wire.DisconnectWithWill, ""))
	} else {
		all = append(all, []byte{0xe0, 0})
	}
	return all
}

// FuzzConversation lets a client say anything, cut into packets: what it gets are whole packets of a server's, in its
// version; requests have routes, and nothing follows the end.
func FuzzConversation(f *testing.F) {
	for _, v := range versions {
		var all []byte
		for _, p := range spoken(v) {
			all = append(all, p...)
			f.Add(all, false)
			f.Add(append(connect(v, nil), p...), true)
		}
		for n := range all {
			f.Add(all[:n], n%2 == 0)
		}
	}
	f.Fuzz(func(t *testing.T, said []byte, pomelo bool) {
		c := &mqtt.Connector{QoS: 1, WillRoute: "wills", MaxPacket: 1 << 10, MaxReceive: 4, MaxSubscriptions: 4, SharedIDs: true}
		if pomelo {
			c.PublishRoute, c.SubscribeRoute = "p", "s"
		}
		server, far := net.Pipe()
		defer far.Close()
		defer server.Close()
		g := &gossip{T: t, proto: c.Protocol(mqtt.NewConn(server, c)), version: wire.V311}
		g.step(func(s *connectors.Step) { g.proto.Open(s, time.Now()) })
		var cutter wire.Stream
		cutter.SetLimit(1 << 10)
		frames, _ := cutter.Feed(said, nil)
		for _, fr := range frames {
			g.step(func(s *connectors.Step) { g.proto.Feed(s, fr, time.Now()) })
		}
		cutter.Rest()
		var s connectors.Step
		g.proto.(connectors.Testator).End(&s, connectors.Reason{}, time.Now())
		for _, in := range s.Requests {
			if in.Route != "wills" || !in.Notify {
				t.Errorf("last will %v", in.Request)
			}
		}
	})
}

// gossip is a conversation without a wire.
type gossip struct {
	*testing.T
	proto   connectors.Protocol
	version wire.Version
	codec   connectors.Codec
	over    bool
}

func (g *gossip) step(call func(*connectors.Step)) {
	var s connectors.Step
	call(&s)
	if g.over && (len(s.Send)+len(s.After)+len(s.Requests) > 0 || s.Close != nil || s.Hello != nil) {
		g.Errorf("after the end: %+v", s)
	}
	if s.Hello != nil {
		for _, v := range versions {
			if s.Hello.Version == v.String() {
				g.version = v
			}
		}
	}
	if s.Codec != nil {
		g.codec = s.Codec
	}
	g.check(s.Send)
	g.check(s.After)
	for _, in := range s.Requests {
		if in.Route == "" && len(in.Body) == 0 && in.Tag == nil && !in.Notify {
			g.Errorf("a request for nothing: %v", in.Request)
		}
		if in.Notify {
			continue
		}
		for _, r := range []*messages.Response{{Body: []byte(`[0,1]`)}, {Body: []byte(`{"topic":"t","payload":"x"}`)}, {Error: messages.NewError(500, "")}} {
			if b, err := g.codec.AppendResponse(nil, connectors.Origin{ID: in.Id, Route: in.Route, Tag: in.Tag}, r); err == nil {
				g.answer(b)
			} else {
				g.Errorf("no answer to %v: %v", in.Request, err)
			}
		}
	}
	g.over = g.over || s.Close != nil
	if s.Hello != nil && s.Close == nil {
		g.step(func(s *connectors.Step) { g.proto.Welcome(s, nil, nil, time.Now()) })
	}
}

// answer checks an answer, whose packet id, if it needs one, its Conn fills in.
func (g *gossip) answer(b []byte) {
	if len(b) > 0 && wire.Type(b[0]>>4) == wire.TypePublish {
		if _, _, err := wire.Cut(b); err != nil {
			g.Errorf("%x: %v", b, err)
		}
		return
	}
	g.check(b)
}

// check takes what the client is sent apart.
func (g *gossip) check(b []byte) {
	d := wire.Decoder{Version: g.version, FromServer: true}
	for len(b) > 0 {
		p, rest, err := wire.Cut(b)
		if err == nil {
			err = d.Check(p)
		}
		if err != nil {
			// Who names no version that is known is told so in one that it may know.
			if !g.over && g.codec == nil {
				return
			}
			g.Fatalf("%x: %v", b, err)
		}
		b = rest
	}
}
