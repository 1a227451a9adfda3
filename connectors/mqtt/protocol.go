package mqtt

import (
	"bytes"
	"errors"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/mqtt"
	"github.com/fairlead-go/fairlead/messages"
)

// state is where a conversation stands.
type state byte

const (
	fresh   state = iota // nothing has come
	asked                // the application thinks about the client
	working              // messages flow
	closed
)

// Errors of packets that are well made and out of place. They are told as protocol errors (P20.2).
var (
	errFirst    = &disorder{"not a CONNECT, and the first packet", mqtt.ProtocolError}
	errSecond   = &disorder{"a second CONNECT", mqtt.ProtocolError}
	errAuth     = &disorder{"authentication that was not begun", mqtt.ProtocolError}
	errReserved = &disorder{"a response topic that begins with $", mqtt.TopicNameInvalid}
	errOpen     = &disorder{"too many messages of QoS 2 without a PUBREL", mqtt.ReceiveMaximumExceeded}
)

// disorder is a client's mistake, and by which code it is told.
type disorder struct {
	text string
	code mqtt.ReasonCode
}

func (d *disorder) Error() string { return "mqtt: " + d.text + ": " + connectors.ErrMalformed.Error() }

func (d *disorder) Unwrap() error { return connectors.ErrMalformed }

// Protocol is the server's end of one client's conversation.
type protocol struct {
	cfg     *settings
	present *clients
	client  client
	comer   *newcomer               // nil once the client is in, or gone
	who     *connectors.Credentials // for Connector.AllowSubscribe
	will    *will                   // nil: none, or taken back
	open    map[uint16]struct{}
	codec   Codec
	state   state
	silence time.Duration // that ends the client; 0: none does
	seen    time.Time

	lastTopic, lastRoute string // see route
}

// newcomer is what matters until a client is let in.
type newcomer struct {
	hello   connectors.Hello
	who     *connectors.Credentials // hello's, which the application may take away
	connect mqtt.Connect
	until   time.Time
	given   bool // its client id is of our making
	early   []mqtt.Packet
	size    int // of these
}

func newProtocol(cfg *settings, present *clients, c client) *protocol {
	return &protocol{cfg: cfg, present: present, client: c, comer: &newcomer{}}
}

// Open gives the client time for its CONNECT.
func (p *protocol) Open(step *connectors.Step, now time.Time) {
	p.comer.until = now.Add(p.cfg.connect)
	step.Expire = p.comer.until
	step.ReadLimit = p.cfg.strangers()
}

// strangers is the largest packet accepted from who has not been let in, in bytes; all that waits for the CONNACK
// counts as one.
func (cfg *settings) strangers() int { return min(cfg.maxPacket, 64<<10) }

// Expire closes when the CONNECT, the application or a sign of life is overdue.
func (p *protocol) Expire(step *connectors.Step, now time.Time) {
	if p.state == closed {
		return
	}
	due, cause := p.seen.Add(p.silence), messages.CauseHeartbeatTimeout
	switch {
	case p.state != working:
		due, cause = p.comer.until, messages.CauseHandshakeTimeout
	case p.silence == 0:
		return
	}
	if now.Before(due) {
		step.Expire = due
		return
	}
	p.close(step, cause, "")
}

// Feed takes one packet.
func (p *protocol) Feed(step *connectors.Step, f connectors.Frame, now time.Time) {
	if p.state == closed {
		return
	}
	p.seen = now
	packet, rest, err := mqtt.Cut(f.Data)
	if err == nil && len(rest) > 0 {
		err = mqtt.ErrTrailing
	}
	if err == nil {
		err = p.take(step, packet)
	}
	if err != nil {
		p.fail(step, err)
	}
}

// take is the table of what may come when.
func (p *protocol) take(step *connectors.Step, packet mqtt.Packet) error {
	switch {
	case p.state == fresh && packet.Type == mqtt.TypeConnect:
		return p.connect(step, packet)
	case p.state == fresh:
		return errFirst
	case packet.Type == mqtt.TypeConnect:
		return errSecond
	case p.state == asked && packet.Type != mqtt.TypeDisconnect:
		return p.postpone(packet)
	}
	d := p.decoder()
	switch packet.Type {
	case mqtt.TypePublish:
		return p.publish(step, packet)
	case mqtt.TypePuback:
		a, err := d.Ack(packet)
		if err == nil {
			step.Send = p.client.way().acknowledged(step.Send, a.ID)
		}
		return err
	case mqtt.TypePubrel:
		return p.release(step, packet)
	case mqtt.TypePubrec, mqtt.TypePubcomp: // of messages that we never send
		_, err := d.Ack(packet)
		return err
	case mqtt.TypeSubscribe:
		return p.subscribe(step, packet)
	case mqtt.TypeUnsubscribe:
		return p.unsubscribe(step, packet)
	case mqtt.TypePingreq:
		err := d.Ping(packet)
		if err == nil {
			step.Send = mqtt.AppendPingresp(step.Send)
		}
		return err
	case mqtt.TypeDisconnect:
		return p.disconnect(step, packet)
	}
	if err := d.Check(packet); err != nil {
		return err
	}
	return errAuth
}

func (p *protocol) decoder() mqtt.Decoder { return mqtt.Decoder{Version: p.codec.version} }

// disconnect is an orderly end: the will is taken back, unless an MQTT 5 client wants it.
func (p *protocol) disconnect(step *connectors.Step, packet mqtt.Packet) error {
	d, err := p.decoder().Disconnect(packet)
	if err != nil {
		return err
	}
	if d.Code != mqtt.DisconnectWithWill {
		p.will = nil
	}
	p.close(step, messages.CauseClient, string(d.Properties.ReasonString))
	return nil
}

// fail ends the conversation over a mistake of the client's. An MQTT 5 client is told which, behind the
// acknowledgements of what came before: nothing may follow a DISCONNECT.
func (p *protocol) fail(step *connectors.Step, err error) {
	if p.state == working && p.codec.version == mqtt.V5 && p.client.way().speak() {
		step.After, _ = mqtt.Disconnect{Code: code(err)}.Append(step.After, mqtt.V5)
	}
	cause := messages.CauseMalformed
	if errors.Is(err, connectors.ErrTooLarge) {
		cause = messages.CauseTooLarge
	}
	p.close(step, cause, err.Error())
}

// code is by which reason code err is told.
func code(err error) mqtt.ReasonCode {
	var d *disorder
	if errors.As(err, &d) {
		return d.code
	}
	return mqtt.Code(err)
}

func (p *protocol) close(step *connectors.Step, cause messages.Cause, text string) {
	step.Close = &connectors.Reason{Cause: cause, Text: text}
	p.state, p.comer, p.open = closed, nil, nil
}

// End routes the client's last will.
func (p *protocol) End(step *connectors.Step, _ connectors.Reason, _ time.Time) {
	if p.will == nil {
		return
	}
	r := step.Request(nil)
	r.Notify, r.Route, r.Encoding, r.Body = true, p.cfg.will, messages.JSON, p.will.body()
}

// will is a client's last.
type will struct{ topic, payload []byte }

func newWill(w *mqtt.Will) *will { return &will{bytes.Clone(w.Topic), bytes.Clone(w.Payload)} }

func (w *will) body() []byte {
	b := append([]byte(`{"topic":`), quote(w.topic)...)
	b = append(append(b, `,"payload":`...), quote(w.payload)...)
	return append(b, '}')
}
