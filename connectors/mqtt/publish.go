package mqtt

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/mqtt"
	"github.com/fairlead-go/fairlead/messages"
)

// publish hands a message over, and acknowledges it when that is done.
func (p *protocol) publish(step *connectors.Step, packet mqtt.Packet) error {
	m, err := p.decoder().Publish(packet)
	if err != nil {
		return err
	}
	if err := m.Check(p.codec.version, 2); err != nil {
		return err
	}
	if m.QoS == 2 {
		again, err := p.remember(m.ID)
		if again {
			step.After = p.appendAck(step.After, mqtt.TypePubrec, m.ID, mqtt.Success)
		}
		if again || err != nil {
			return err
		}
	}
	switch {
	case p.cfg.answers.pomelo:
		p.whole(step, &m)
	case bytes.HasPrefix(m.Properties.ResponseTopic, []byte("$")):
		return errReserved
	default:
		p.routed(step, &m)
	}
	switch m.QoS {
	case 1:
		step.After = p.appendAck(step.After, mqtt.TypePuback, m.ID, mqtt.Success)
	case 2:
		step.After = p.appendAck(step.After, mqtt.TypePubrec, m.ID, mqtt.Success)
	}
	return nil
}

// remember notes the id of a message of QoS 2 until its PUBREL, and tells whether it is known already.
func (p *protocol) remember(id uint16) (again bool, err error) {
	if _, again = p.open[id]; again {
		return true, nil
	}
	if len(p.open) >= p.cfg.maxReceive {
		return false, errOpen
	}
	if p.open == nil {
		p.open = map[uint16]struct{}{}
	}
	p.open[id] = struct{}{}
	return false, nil
}

// release ends the exchange of a message of QoS 2.
func (p *protocol) release(step *connectors.Step, packet mqtt.Packet) error {
	a, err := p.decoder().Ack(packet)
	if err != nil {
		return err
	}
	reason := mqtt.Success
	if _, ok := p.open[a.ID]; !ok {
		reason = mqtt.PacketIdentifierNotFound
	}
	delete(p.open, a.ID)
	step.After = p.appendAck(step.After, mqtt.TypePubcomp, a.ID, reason)
	return nil
}

func (p *protocol) appendAck(dst []byte, t mqtt.Type, id uint16, c mqtt.ReasonCode) []byte {
	dst, _ = mqtt.Ack{Type: t, ID: id, Code: c}.Append(dst, p.codec.version)
	return dst
}

// routed is route mode: the topic says which route is meant, and whether an answer is expected (P20.5).
func (p *protocol) routed(step *connectors.Step, m *mqtt.Publish) {
	r := step.Request(nil)
	r.Encoding, r.Body = p.cfg.answers.encoding, step.Copy(m.Payload)
	to, ok := reply{}, true
	if id, route, asks := mqtt.CutRequest(m.Topic); asks {
		r.Id, _ = strconv.ParseUint(string(id), 10, 64) // for who logs it: the answer's topic has it as it is
		r.Route, to.topic = p.route(route), append([]byte(mqtt.ResponsePrefix), id...)
	} else {
		r.Route, to.topic = p.route(m.Topic), bytes.Clone(m.Properties.ResponseTopic)
		to.correlation, ok = bytes.Clone(m.Properties.CorrelationData), m.Properties.ResponseTopic != nil
	}
	if ok {
		step.Requests[len(step.Requests)-1].Tag = &to
	}
	r.Notify = !ok
}

// reply is where an answer goes.
type reply struct {
	topic, correlation []byte
}

// maxKept is the longest topic that a client's protocol keeps, in bytes.
const maxKept = 128

// route is the route that a topic names, which often is the one before.
func (p *protocol) route(topic []byte) string {
	if len(topic) > maxKept {
		return mqtt.Route(topic)
	}
	if string(topic) != p.lastTopic {
		p.lastTopic = string(topic)
		p.lastRoute = mqtt.Route(topic)
	}
	return p.lastRoute
}

// whole is pomelo's mode: the packet is the body of a request for the one route (P20.7).
func (p *protocol) whole(step *connectors.Step, m *mqtt.Publish) {
	r := step.Request(nil)
	r.Id, r.Notify, r.Route, r.Encoding = uint64(m.ID), m.QoS == 0, p.cfg.publish, messages.JSON
	r.Body = fmt.Appendf(nil, `{"topic":%s,"payload":%s,"qos":%d,"retain":%t,"dup":%t`, quote(m.Topic), quote(m.Payload), m.QoS, m.Retain, m.Dup)
	if m.QoS > 0 {
		r.Body = fmt.Appendf(r.Body, `,"messageId":%d`, m.ID)
	}
	r.Body = append(r.Body, '}')
}

// quote is b as a JSON string. What is not UTF-8 becomes U+FFFD.
func quote(b []byte) []byte {
	q, _ := json.Marshal(string(b))
	return q
}

var _ connectors.Testator = (*protocol)(nil)
