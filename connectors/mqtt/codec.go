package mqtt

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"strconv"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/mqtt"
	"github.com/fairlead-go/fairlead/messages"
)

// Errors of messages that MQTT has no place for.
var (
	ErrAttachments = errors.New("mqtt: a message has one payload: no attachments, no arguments")
	ErrNoTopic     = errors.New("mqtt: body of a push in pomelo's mode: want {topic, payload}")
)

// Codec writes messages for clients of one version, in one mode (P20.5, P20.7). Messages of QoS 1 have the packet id
// 0: each client's Conn gives them one of its own.
type Codec struct {
	version mqtt.Version
	mode    mode
}

var _ connectors.Codec = Codec{}

// AppendResponse appends a PUBLISH to the topic that the request named, or a SUBACK. In pomelo's mode an
// answer without a topic is nothing.
func (c Codec) AppendResponse(dst []byte, to connectors.Origin, r *messages.Response) ([]byte, error) {
	if len(r.Attachments)+len(r.Arguments) > 0 {
		return dst, ErrAttachments
	}
	switch tag := to.Tag.(type) {
	case *subscription:
		return tag.answered(dst, c.version, r)
	case *reply:
		return c.appendReply(dst, tag, r)
	}
	if r.Error != nil {
		return dst, nil
	}
	m, err := published(r.Body)
	if err != nil {
		return dst, nil
	}
	return c.append(dst, &m)
}

func (c Codec) appendReply(dst []byte, to *reply, r *messages.Response) ([]byte, error) {
	m := mqtt.Publish{Topic: to.topic, QoS: c.mode.qos, Payload: r.Body}
	m.Properties.CorrelationData = to.correlation
	if r.Error != nil {
		if len(m.Payload) == 0 {
			m.Payload = appendError(nil, r.Error)
		}
		m.Properties.User = m.Properties.User.With("code", strconv.Itoa(int(r.Error.Code)))
	}
	return c.append(dst, &m)
}

// append appends a message whose packet id is to be given.
func (c Codec) append(dst []byte, m *mqtt.Publish) ([]byte, error) {
	if m.QoS == 0 {
		return m.Append(dst, c.version)
	}
	start := len(dst)
	m.ID = 1
	dst, err := m.Append(dst, c.version)
	if err == nil {
		_, at := topicOf(dst[start:])
		binary.BigEndian.PutUint16(dst[start+at:], 0)
	}
	return dst, err
}

// AppendPush appends a PUBLISH to pomelo/push/<route>, or in pomelo's mode to the topic in the body.
func (c Codec) AppendPush(dst []byte, p *messages.Push) ([]byte, error) {
	if len(p.Attachments)+len(p.Arguments) > 0 {
		return dst, ErrAttachments
	}
	if c.mode.pomelo {
		m, err := published(p.Body)
		if err != nil {
			return dst, err
		}
		return c.append(dst, &m)
	}
	m := mqtt.Publish{Topic: append([]byte(mqtt.PushPrefix), p.Route...), QoS: c.mode.qos, Payload: p.Body}
	if p.Lossy {
		m.QoS = 0
	}
	return c.append(dst, &m)
}

// AppendKick appends the push onKick; pomelo's own connector says nothing.
func (c Codec) AppendKick(dst []byte, k *messages.Kick) ([]byte, error) {
	if c.mode.pomelo {
		return dst, nil
	}
	said, err := json.Marshal(struct {
		Reason       string `json:"reason"`
		RetryAfterMs uint32 `json:"retryAfterMs,omitempty"`
		SpreadMs     uint32 `json:"spreadMs,omitempty"`
	}{k.Reason, k.RetryAfterMs, k.SpreadMs})
	if err != nil {
		return dst, err
	}
	return c.append(dst, &mqtt.Publish{Topic: []byte(mqtt.PushPrefix + "onKick"), Payload: said})
}

// published is the message that a body of pomelo's mode stands for: {topic, payload, qos, retain}. A payload that
// is no string is sent as JSON.
func published(body []byte) (m mqtt.Publish, err error) {
	var said struct {
		Topic   *string
		Payload json.RawMessage
		QoS     byte
		Retain  bool
	}
	if err := json.Unmarshal(body, &said); err != nil || said.Topic == nil || !mqtt.ValidTopic(*said.Topic) {
		return m, ErrNoTopic
	}
	m = mqtt.Publish{Topic: []byte(*said.Topic), QoS: min(said.QoS, 1), Retain: said.Retain, Payload: said.Payload}
	var text string
	if json.Unmarshal(said.Payload, &text) == nil {
		m.Payload = []byte(text)
	}
	return m, nil
}

// appendError is what a client sees of an error: {"code":500}, and msg if there is one.
func appendError(dst []byte, e *messages.Error) []byte {
	dst = append(dst, `{"code":`...)
	dst = strconv.AppendInt(dst, int64(e.Code), 10)
	if e.Msg != "" {
		dst = append(append(dst, `,"msg":`...), quote([]byte(e.Msg))...)
	}
	return append(dst, '}')
}

// codeOf is by which reason code a cause is told.
func codeOf(c messages.Cause) mqtt.ReasonCode {
	switch c {
	case messages.CauseKicked, messages.CauseClosed, messages.CauseOffending:
		return mqtt.AdministrativeAction
	case messages.CauseStopping, messages.CauseDraining:
		return mqtt.ServerShuttingDown
	case messages.CauseMalformed, messages.CauseStalled:
		return mqtt.MalformedPacket
	case messages.CauseTooLarge:
		return mqtt.PacketTooLarge
	case messages.CauseHeartbeatTimeout:
		return mqtt.KeepAliveTimeout
	case messages.CauseSlow:
		return mqtt.QuotaExceeded
	case messages.CauseOverloaded:
		return mqtt.ServerBusy
	case messages.CauseReplaced:
		return mqtt.SessionTakenOver
	}
	return mqtt.UnspecifiedError
}
