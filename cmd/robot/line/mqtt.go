package line

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/mqtt"
)

// keepAlive is how long we may be silent, in seconds; half of it is how often we show life.
const keepAlive = 60

// topics is the talk of MQTT 3.1.1, at QoS 0: requests, answers and pushes are topics below pomelo/ (P20.1). The
// server gives the client its id.
type topics struct {
	user   json.RawMessage
	cut    mqtt.Stream
	frames []connectors.Frame
	topic  []byte // of what is sent, under the stream's lock
}

// decode reads what a server sends.
var decode = mqtt.Decoder{Version: mqtt.V311, FromServer: true}

func (t *topics) hello(dst []byte) ([]byte, error) {
	var user struct{ Username, Password string }
	if len(t.user) > 0 {
		if err := json.Unmarshal(t.user, &user); err != nil {
			return dst, fmt.Errorf("line: user of MQTT: %w", err)
		}
	}
	c := mqtt.Connect{Version: mqtt.V311, CleanStart: true, KeepAlive: keepAlive}
	if user.Username != "" {
		c.Username = []byte(user.Username)
		c.Password = []byte(user.Password)
	}
	return c.Append(dst, mqtt.V311)
}

func (t *topics) hear(s *stream, b []byte) error {
	var err error
	t.frames, err = t.cut.Feed(b, t.frames[:0])
	for _, f := range t.frames {
		if bad := t.take(s, f.Data); bad != nil {
			return bad
		}
	}
	return err
}

func (t *topics) take(s *stream, b []byte) error {
	p, _, err := mqtt.Cut(b)
	if err != nil {
		return err
	}
	switch p.Type {
	case mqtt.TypeConnack:
		return t.admitted(s, p)
	case mqtt.TypePublish:
		return t.message(s, p)
	case mqtt.TypeDisconnect:
		return fmt.Errorf("line: the server hung up: %w", io.EOF)
	}
	return nil // a PINGRESP is life, as any packet
}

func (t *topics) admitted(s *stream, p mqtt.Packet) error {
	c, err := decode.Connack(p)
	if err != nil {
		return err
	}
	if c.Code.Failed() {
		return fmt.Errorf("line: refused: code %d", c.Code.ReturnCode())
	}
	s.in, s.every = true, keepAlive/2*time.Second
	return nil
}

var (
	answerTopic = []byte(mqtt.ResponsePrefix)
	kickTopic   = []byte(mqtt.PushPrefix + "onKick")
)

func (t *topics) message(s *stream, p mqtt.Packet) error {
	m, err := decode.Publish(p)
	if err != nil {
		return err
	}
	if id, ok := bytes.CutPrefix(m.Topic, answerTopic); ok {
		if n, err := strconv.ParseUint(string(id), 10, 64); err == nil {
			s.ear.Answer(n, m.Payload)
		}
		return nil
	}
	if bytes.Equal(m.Topic, kickTopic) {
		return kicked(m.Payload)
	}
	s.ear.Push(m.Payload)
	return nil
}

func (t *topics) request(dst []byte, id uint64, route string, body []byte) ([]byte, error) {
	t.topic = strconv.AppendUint(append(t.topic[:0], mqtt.RequestPrefix...), id, 10)
	t.topic = append(append(t.topic, '/'), route...)
	return mqtt.Publish{Topic: t.topic, Payload: body}.Append(dst, mqtt.V311)
}

func (t *topics) notify(dst []byte, route string, body []byte) ([]byte, error) {
	return mqtt.Publish{Topic: []byte(route), Payload: body}.Append(dst, mqtt.V311)
}

func (t *topics) beat(dst []byte) []byte { return mqtt.AppendPingreq(dst) }

func (t *topics) bye(dst []byte) []byte {
	b, err := mqtt.Disconnect{}.Append(dst, mqtt.V311)
	if err != nil { // it has nothing that could be wrong
		return dst
	}
	return b
}
