package mqtt

// Subscribe asks for messages.
type Subscribe struct {
	ID         uint16 // of the packet
	Filters    []Subscription
	Properties Properties
}

// Subscription is one filter of a Subscribe with its options. All but QoS are of version 5.
type Subscription struct {
	Filter            []byte // a topic filter
	QoS               byte   // at most
	NoLocal           bool   // not what the client itself publishes
	RetainAsPublished bool
	RetainHandling    byte // 0: send what is retained, 1: to new subscriptions, 2: never
}

// Options of a subscription. The older versions know only its quality of service.
const (
	optionQoS      = 0x03
	optionNoLocal  = 0x04
	optionRetainAs = 0x08
	optionRetain   = 0x30
	optionReserved = 0xc0
)

// Subscribe reads a SUBSCRIBE.
func (d Decoder) Subscribe(p Packet) (Subscribe, error) {
	if err := d.expect(p, TypeSubscribe); err != nil {
		return Subscribe{}, err
	}
	r := reader{b: p.Body}
	s := Subscribe{ID: r.packetID()}
	d.properties(&s.Properties, &r, TypeSubscribe)
	r.check(len(r.b) > 0, ErrEmpty)
	for r.err == nil && len(r.b) > 0 {
		s.Filters = append(s.Filters, d.subscription(&r))
	}
	if r.err != nil {
		return Subscribe{}, r.err
	}
	return s, nil
}

func (d Decoder) subscription(r *reader) Subscription {
	s := Subscription{Filter: r.filter(d.Version)}
	options := r.byte()
	s.QoS = options & optionQoS
	if d.Version != V5 {
		r.check(s.QoS <= 2, ErrQoS)
		r.check(d.Version == V31 || options == s.QoS, ErrReserved) // 3.1 does not look at the other bits
		return s
	}
	r.check(options&optionReserved == 0, ErrReserved)
	r.check(s.QoS <= 2, ErrValue)
	s.NoLocal, s.RetainAsPublished = options&optionNoLocal != 0, options&optionRetainAs != 0
	s.RetainHandling = options & optionRetain >> 4
	r.check(s.RetainHandling <= 2, ErrValue)
	r.check(!s.NoLocal || !Shared(s.Filter), ErrNoLocal)
	return s
}

// filter reads a topic filter. Only version 5 knows shared ones.
func (r *reader) filter(v Version) []byte {
	b := r.text()
	r.check(ranges(b) && (v != V5 || !Shared(b) || shares(b)), ErrFilter)
	return b
}

// Check tells whether a client of version 5 has asked for what a CONNACK has denied, as a server does that
// knows neither shared subscriptions nor identifiers of them: ErrShared, ErrSubscriptionID.
func (s Subscribe) Check() error {
	if len(s.Properties.SubscriptionIDs) > 0 {
		return ErrSubscriptionID
	}
	for _, f := range s.Filters {
		if Shared(f.Filter) {
			return ErrShared
		}
	}
	return nil
}

// Append appends the packet. What older versions do not know is left out.
func (s Subscribe) Append(dst []byte, v Version) ([]byte, error) {
	w := begin(dst, v, TypeSubscribe, flagAsk)
	w.packetID(s.ID)
	w.check(len(s.Properties.SubscriptionIDs) <= 1, ErrTwice)
	w.properties(v, TypeSubscribe, &s.Properties)
	w.check(len(s.Filters) > 0, ErrEmpty)
	for _, f := range s.Filters {
		w.filter(v, f.Filter)
		w.check(f.QoS <= 2 && f.RetainHandling <= 2, ErrValue)
		w.check(v != V5 || !f.NoLocal || !Shared(f.Filter), ErrNoLocal)
		w.byte(f.options(v))
	}
	return w.finish(nil)
}

func (s *Subscription) options(v Version) byte {
	options := s.QoS
	if v != V5 {
		return options
	}
	options |= s.RetainHandling << 4
	if s.NoLocal {
		options |= optionNoLocal
	}
	if s.RetainAsPublished {
		options |= optionRetainAs
	}
	return options
}

func (w *writer) filter(v Version, b []byte) {
	w.check(ranges(b) && (v != V5 || !Shared(b) || shares(b)), ErrFilter)
	w.text(b)
}

// Suback answers a Subscribe.
type Suback struct {
	ID         uint16
	Codes      []ReasonCode // one for each filter, in order: GrantedQoS0 to GrantedQoS2, or a failure
	Properties Properties
}

// Suback reads a SUBACK.
func (d Decoder) Suback(p Packet) (Suback, error) {
	if err := d.expect(p, TypeSuback); err != nil {
		return Suback{}, err
	}
	r := reader{b: p.Body}
	s := Suback{ID: r.packetID()}
	d.properties(&s.Properties, &r, TypeSuback)
	s.Codes = d.codes(&r, TypeSuback)
	if r.err != nil {
		return Suback{}, r.err
	}
	return s, nil
}

// codes reads all that is left as reason codes, of which there must be one.
func (d Decoder) codes(r *reader, t Type) []ReasonCode {
	r.check(len(r.b) > 0, ErrEmpty)
	codes := make([]ReasonCode, 0, len(r.b))
	for _, b := range r.b {
		c := ReasonCode(b)
		known := c <= GrantedQoS2 || c == UnspecifiedError && d.Version != V5
		if d.Version == V5 {
			known = d.allows(t, c)
		}
		r.check(known, ErrReason)
		codes = append(codes, c)
	}
	return codes
}

// Append appends the packet. Before 5 a failure has no reason. 3.1 does not know that there is one: its clients
// are told by the same number, which is no quality of service either.
func (s Suback) Append(dst []byte, v Version) ([]byte, error) {
	w := begin(dst, v, TypeSuback, 0)
	w.packetID(s.ID)
	w.properties(v, TypeSuback, &s.Properties)
	w.check(len(s.Codes) > 0, ErrEmpty)
	for _, c := range s.Codes {
		if v != V5 && c.Failed() {
			c = UnspecifiedError
		}
		w.reason(TypeSuback, c)
	}
	return w.finish(nil)
}
