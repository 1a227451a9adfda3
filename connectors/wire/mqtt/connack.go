package mqtt

// Connack answers a Connect.
type Connack struct {
	SessionPresent bool // not in 3.1
	// Code is Success or a failure. To older versions it is told as its ReturnCode.
	Code       ReasonCode
	Properties Properties
}

// Connack reads a CONNACK.
func (d Decoder) Connack(p Packet) (Connack, error) {
	if err := d.expect(p, TypeConnack); err != nil {
		return Connack{}, err
	}
	r := reader{b: p.Body}
	flags, code := r.byte(), r.byte()
	c := Connack{SessionPresent: flags == 1, Code: ReasonCode(code)}
	r.check(flags == 0 || flags == 1 && d.Version != V31, ErrReserved)
	if d.Version == V5 {
		r.check(d.allows(TypeConnack, c.Code), ErrReason)
	} else if r.check(int(code) < len(reasonsOf), ErrReason); r.err == nil {
		c.Code = reasonsOf[code]
	}
	r.check(!c.SessionPresent || c.Code == Success, ErrSession)
	d.properties(&c.Properties, &r, TypeConnack)
	if err := r.end(); err != nil {
		return Connack{}, err
	}
	return c, nil
}

// Append appends the packet.
func (c Connack) Append(dst []byte, v Version) ([]byte, error) {
	w := begin(dst, v, TypeConnack, 0)
	w.check(!c.SessionPresent || c.Code == Success, ErrSession)
	if c.SessionPresent && v != V31 {
		w.byte(1)
	} else {
		w.byte(0)
	}
	if v == V5 {
		w.reason(TypeConnack, c.Code)
	} else {
		w.byte(byte(c.Code.ReturnCode()))
	}
	w.properties(v, TypeConnack, &c.Properties)
	return w.finish(nil)
}
