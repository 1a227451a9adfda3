package mqtt

// Ack acknowledges a PUBLISH, or the acknowledgement before: PUBACK, PUBREC, PUBREL and PUBCOMP. The
// older versions cannot tell a failure.
type Ack struct {
	Type       Type
	ID         uint16     // of the PUBLISH
	Code       ReasonCode // version 5 only
	Properties Properties
}

// Ack reads a PUBACK, PUBREC, PUBREL or PUBCOMP.
func (d Decoder) Ack(p Packet) (Ack, error) {
	if p.Type < TypePuback || p.Type > TypePubcomp {
		return Ack{}, ErrType
	}
	if err := d.Check(p); err != nil {
		return Ack{}, err
	}
	r := reader{b: p.Body}
	a := Ack{Type: p.Type, ID: r.packetID()}
	a.Code = d.outcome(&a.Properties, &r, p.Type)
	if err := r.end(); err != nil {
		return Ack{}, err
	}
	return a, nil
}

// Append appends the packet, as short as it can be.
func (a Ack) Append(dst []byte, v Version) ([]byte, error) {
	flags := byte(0)
	if a.Type == TypePubrel {
		flags = flagAsk
	}
	w := begin(dst, v, a.Type, flags)
	w.check(TypePuback <= a.Type && a.Type <= TypePubcomp, ErrType)
	w.packetID(a.ID)
	w.outcome(v, a.Type, a.Code, &a.Properties)
	return w.finish(nil)
}

// outcome reads the reason code and the properties that end a packet of version 5: both may be missing,
// and the properties alone.
func (d Decoder) outcome(p *Properties, r *reader, t Type) ReasonCode {
	if d.Version != V5 || len(r.b) == 0 {
		return Success
	}
	c := ReasonCode(r.byte())
	r.check(d.allows(t, c), ErrReason)
	if len(r.b) > 0 {
		d.properties(p, r, t)
	}
	return c
}

// outcome appends what Decoder.outcome reads.
func (w *writer) outcome(v Version, t Type, c ReasonCode, p *Properties) {
	if v != V5 {
		return
	}
	start := len(w.b)
	w.reason(t, c)
	w.properties(v, t, p)
	switch n := len(w.b) - start; {
	case n == 2 && c == Success:
		w.b = w.b[:start]
	case n == 2:
		w.b = w.b[:start+1]
	}
}

// reason appends a code that a packet of type t may hold, whoever sends it.
func (w *writer) reason(t Type, c ReasonCode) {
	w.check(Decoder{}.allows(t, c) || Decoder{FromServer: true}.allows(t, c), ErrReason)
	w.byte(byte(c))
}
