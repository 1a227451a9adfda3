package mqtt

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/mqtt"
	"github.com/fairlead-go/fairlead/messages"
)

// subscribe grants filters, or asks the application's route.
func (p *protocol) subscribe(step *connectors.Step, packet mqtt.Packet) error {
	s, err := p.decoder().Subscribe(packet)
	if err != nil {
		return err
	}
	if err := s.Check(); p.codec.version == mqtt.V5 && err != nil {
		return err
	}
	asked := subscription{id: s.ID, way: p.client.way()}
	for _, f := range s.Filters {
		asked.filters = append(asked.filters, string(f.Filter))
		asked.qos = append(asked.qos, f.QoS)
	}
	if p.cfg.answers.pomelo && len(asked.filters) <= p.cfg.maxSubscriptions {
		p.askRoute(step, &asked)
		return nil
	}
	for i, f := range asked.filters {
		asked.grant(i, p.allowed(step, f))
	}
	step.Send, err = asked.append(step.Send, p.codec.version)
	return err
}

// subscription is a SUBSCRIBE until it is answered.
type subscription struct {
	id      uint16
	filters []string
	qos     []byte
	codes   []mqtt.ReasonCode
	way     *outlet
}

// grant decides about a filter, in order.
func (s *subscription) grant(i int, refused mqtt.ReasonCode) {
	code := mqtt.ReasonCode(min(s.qos[i], 1))
	switch {
	case refused != mqtt.Success:
		code = refused
	case !s.way.grant(s.filters[i]):
		code = mqtt.QuotaExceeded
	}
	s.codes = append(s.codes, code)
}

// append appends the SUBACK.
func (s *subscription) append(dst []byte, v mqtt.Version) ([]byte, error) {
	return mqtt.Suback{ID: s.id, Codes: s.codes}.Append(dst, v)
}

// allowed is why a filter is refused in route mode, or Success (P20.6).
func (p *protocol) allowed(step *connectors.Step, filter string) mqtt.ReasonCode {
	switch {
	case p.cfg.answers.pomelo:
		return mqtt.QuotaExceeded // more at once than a client may have: the route is not asked
	case strings.HasPrefix(filter, "pomelo/"):
		return mqtt.Success
	case p.cfg.allow != nil:
		if p.allow(step, filter) {
			return mqtt.Success
		}
	case p.codec.version == mqtt.V5 && !strings.ContainsAny(filter, "+#"):
		return mqtt.Success // where it expects answers, for all we know
	}
	return mqtt.NotAuthorized
}

// allow asks the application's function. One that panics refuses the filter, and is counted.
func (p *protocol) allow(step *connectors.Step, filter string) (ok bool) {
	defer func() {
		if recover() != nil {
			step.Lost++
		}
	}()
	return p.cfg.allow(*p.who, filter)
}

// askRoute asks pomelo's subscribe route: its answer is the SUBACK.
func (p *protocol) askRoute(step *connectors.Step, s *subscription) {
	r := step.Request(s)
	r.Id, r.Route, r.Encoding = uint64(s.id), p.cfg.subscribe, messages.JSON
	r.Body = append(r.Body, `{"subscriptions":[`...)
	for i, f := range s.filters {
		if i > 0 {
			r.Body = append(r.Body, ',')
		}
		r.Body = fmt.Appendf(r.Body, `{"topic":%s,"qos":%d}`, quote([]byte(f)), s.qos[i])
	}
	r.Body = append(r.Body, "]}"...)
}

// answered appends the SUBACK that a subscribe route's answer is: a list of what is granted. Anything else refuses all.
func (s *subscription) answered(dst []byte, v mqtt.Version, r *messages.Response) ([]byte, error) {
	var granted []int
	if r.Error != nil || json.Unmarshal(r.Body, &granted) != nil || len(granted) != len(s.filters) {
		granted = nil
	}
	for i := range s.filters {
		refused := mqtt.UnspecifiedError
		if granted != nil && 0 <= granted[i] && granted[i] <= 2 {
			s.qos[i], refused = byte(granted[i]), mqtt.Success
		}
		s.grant(i, refused)
	}
	return s.append(dst, v)
}

// unsubscribe takes filters back.
func (p *protocol) unsubscribe(step *connectors.Step, packet mqtt.Packet) error {
	u, err := p.decoder().Unsubscribe(packet)
	if err != nil {
		return err
	}
	ack := mqtt.Unsuback{ID: u.ID}
	for _, f := range u.Filters {
		code := mqtt.NoSubscriptionExisted
		if p.client.way().revoke(string(f)) {
			code = mqtt.Success
		}
		ack.Codes = append(ack.Codes, code)
	}
	step.Send, err = ack.Append(step.Send, p.codec.version)
	return err
}

var _ connectors.Protocol = (*protocol)(nil)
