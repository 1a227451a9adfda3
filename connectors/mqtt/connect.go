package mqtt

import (
	"bytes"
	"crypto/rand"
	"errors"
	"math"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/mqtt"
	"github.com/fairlead-go/fairlead/messages"
)

// connect asks the application about a client, or refuses it at once.
func (p *protocol) connect(step *connectors.Step, packet mqtt.Packet) error {
	c, err := mqtt.Decoder{}.Connect(packet)
	p.codec = Codec{c.Version, p.cfg.answers}
	switch {
	case errors.Is(err, mqtt.ErrVersion), errors.Is(err, mqtt.ErrName), errors.Is(err, mqtt.ErrClientID):
		p.refuse(step, mqtt.Code(err), err.Error())
		return nil
	case err != nil:
		return err
	case c.Properties.AuthMethod != nil:
		p.refuse(step, mqtt.BadAuthenticationMethod, "no authentication methods here")
		return nil
	case c.Version == mqtt.V5 && c.Will != nil && c.Will.Retain: // MQTT-3.2.2-13
		p.refuse(step, mqtt.RetainNotSupported, "a will to be retained")
		return nil
	}
	n := p.comer
	n.given = len(c.ClientID) == 0
	id := string(c.ClientID)
	if n.given {
		id = "auto-" + rand.Text()
	}
	if c.Will != nil && p.cfg.will != "" {
		p.will = newWill(c.Will)
	}
	n.who = &connectors.Credentials{ClientID: id, Username: string(c.Username), Password: bytes.Clone(c.Password)}
	n.hello = connectors.Hello{
		Connector: p.cfg.name, Transport: p.client.Transport(), RemoteAddr: p.client.RemoteAddr(),
		Type: "mqtt", Version: c.Version.String(), Raw: bytes.Clone(packet.Body),
		Credentials: n.who,
	}
	n.connect = mqtt.Connect{Version: c.Version, KeepAlive: c.KeepAlive} // the rest lies in the frame
	n.connect.Properties.ReceiveMaximum = c.Properties.ReceiveMaximum
	n.connect.Properties.MaximumPacketSize = c.Properties.MaximumPacketSize
	step.Hello = &n.hello
	p.state = asked
	return nil
}

// Welcome lets the client in, or tells it why not. A CONNACK has no place for user data.
func (p *protocol) Welcome(step *connectors.Step, _ any, err error, now time.Time) {
	if p.state != asked {
		return
	}
	if err != nil {
		e := messages.AsError(err)
		p.refuse(step, refusal(e.Code), e.Error())
		return
	}
	n := p.comer
	ack := mqtt.Connack{Code: mqtt.Success}
	if n.connect.Version == mqtt.V5 {
		p.offer(&ack)
	}
	p.admit(ack.Properties.ServerKeepAlive)
	step.Send, _ = ack.Append(step.Send, n.connect.Version)
	step.Codec, step.ReadLimit = p.codec, p.cfg.maxPacket
	p.state, p.seen, p.comer = working, now, nil
	if p.silence > 0 {
		step.Expire = now.Add(p.silence)
	}
	for _, packet := range n.early {
		if err := p.take(step, packet); err != nil {
			p.fail(step, err)
		}
		if p.state == closed {
			return
		}
	}
}

// postpone keeps a packet until the client is let in: clients need not wait for the CONNACK (MQTT 3.1.1 §3.1.4).
func (p *protocol) postpone(packet mqtt.Packet) error {
	n := p.comer
	if n.size += earlyCost + len(packet.Body); n.size > p.cfg.strangers() {
		return mqtt.ErrTooLarge
	}
	packet.Body = bytes.Clone(packet.Body)
	n.early = append(n.early, packet)
	return nil
}

// earlyCost is what a packet takes in memory beside its body, in bytes.
const earlyCost = 64

// admit makes the client one of those who are there, in the place of one with the same id.
func (p *protocol) admit(told mqtt.Optional[uint16]) {
	n := p.comer
	p.client.way().enter(&n.connect)
	p.silence = p.cfg.silenceOf(n.connect.KeepAlive, told)
	if p.cfg.allow != nil {
		p.who = n.who
	}
	if p.cfg.sharedIDs {
		return
	}
	if before := p.present.enter(n.who.ClientID, p.client); before != nil {
		replace(before)
	}
}

// offer says in a CONNACK of version 5 what is to be had here.
func (p *protocol) offer(ack *mqtt.Connack) {
	n, o := p.comer, &ack.Properties
	o.NoRetain, o.NoShared, o.NoSubscriptionIDs = true, true, true
	o.SessionExpiry = mqtt.Optional[uint32]{Set: true}
	o.ReceiveMaximum = uint16(p.cfg.maxReceive)
	o.MaximumPacketSize = uint32(p.cfg.maxPacket)
	if n.given {
		o.AssignedClientID = []byte(n.who.ClientID)
	}
	o.ServerKeepAlive = p.cfg.cap(n.connect.KeepAlive)
}

// cap is the keepalive that a client of version 5 is told, unless its own holds.
func (cfg *settings) cap(asked uint16) (told mqtt.Optional[uint16]) {
	limit := cfg.keepAlive
	if cfg.timeout > 0 && (limit == 0 || cfg.timeout*2/3 < limit) {
		limit = cfg.timeout * 2 / 3
	}
	seconds := max(limit/time.Second, 1)
	if limit == 0 || asked != 0 && time.Duration(asked) <= seconds {
		return told
	}
	return mqtt.Optional[uint16]{Value: uint16(min(seconds, math.MaxUint16)), Set: true}
}

// silenceOf is how long a client may be silent that has asked for a keepalive, and may have been told another; 0 is for
// ever.
func (cfg *settings) silenceOf(asked uint16, told mqtt.Optional[uint16]) time.Duration {
	keep := time.Duration(asked) * time.Second
	switch {
	case told.Set:
		keep = time.Duration(told.Value) * time.Second
	case asked == 0:
		keep = cfg.keepAlive
	}
	silence := keep * 3 / 2
	if cfg.timeout > 0 && (silence == 0 || cfg.timeout < silence) {
		silence = cfg.timeout
	}
	return silence
}

// refuse answers with a code, and ends the conversation.
func (p *protocol) refuse(step *connectors.Step, code mqtt.ReasonCode, text string) {
	ack := mqtt.Connack{Code: code}
	version := p.codec.version
	if version < mqtt.V31 || version > mqtt.V5 { // one that it may understand
		version = mqtt.V311
		if p.codec.version > mqtt.V5 {
			version = mqtt.V5
		}
	}
	step.Send, _ = ack.Append(step.Send, version)
	p.will = nil
	p.close(step, messages.CauseRefused, text)
}

// refusal is how an application's code is told.
func refusal(code int32) mqtt.ReasonCode {
	switch code {
	case 400:
		return mqtt.ClientIdentifierNotValid
	case 401:
		return mqtt.BadUserNameOrPassword
	case messages.CodeInternal:
		return mqtt.ServerUnavailable
	case messages.CodeBusy:
		return mqtt.ServerBusy
	}
	return mqtt.NotAuthorized
}
