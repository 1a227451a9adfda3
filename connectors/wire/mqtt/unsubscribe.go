package mqtt

// Unsubscribe takes subscriptions back.
type Unsubscribe struct {
	ID         uint16   // of the packet
	Filters    [][]byte // topic filters
	Properties Properties
}

// Unsubscribe reads an UNSUBSCRIBE.
func (d Decoder) Unsubscribe(p Packet) (Unsubscribe, error) {
	if err := d.expect(p, TypeUnsubscribe); err != nil {
		return Unsubscribe{}, err
	}
	r := reader{b: p.Body}
	u := Unsubscribe{ID: r.packetID()}
	d.properties(&u.Properties, &r, TypeUnsubscribe)
	r.check(len(r.b) > 0, ErrEmpty)
	for r.err == nil && len(r.b) > 0 {
		u.Filters = append(u.Filters, r.filter(d.Version))
	}
	if r.err != nil {
		return Unsubscribe{}, r.err
	}
	return u, nil
}

// Append appends the packet.
func (u Unsubscribe) Append(dst []byte, v Version) ([]byte, error) {
	w := begin(dst, v, TypeUnsubscribe, flagAsk)
	w.packetID(u.ID)
	w.properties(v, TypeUnsubscribe, &u.Properties)
	w.check(len(u.Filters) > 0, ErrEmpty)
	for _, f := range u.Filters {
		w.filter(v, f)
	}
	return w.finish(nil)
}

// Unsuback answers an Unsubscribe.
type Unsuback struct {
	ID         uint16
	Codes      []ReasonCode // version 5 only: one for each filter, in order
	Properties Properties
}

// Unsuback reads an UNSUBACK.
func (d Decoder) Unsuback(p Packet) (Unsuback, error) {
	if err := d.expect(p, TypeUnsuback); err != nil {
		return Unsuback{}, err
	}
	r := reader{b: p.Body}
	u := Unsuback{ID: r.packetID()}
	if d.Version == V5 {
		d.properties(&u.Properties, &r, TypeUnsuback)
		u.Codes = d.codes(&r, TypeUnsuback)
		r.b = nil
	}
	if err := r.end(); err != nil {
		return Unsuback{}, err
	}
	return u, nil
}

// Append appends the packet.
func (u Unsuback) Append(dst []byte, v Version) ([]byte, error) {
	w := begin(dst, v, TypeUnsuback, 0)
	w.packetID(u.ID)
	if v == V5 {
		w.properties(v, TypeUnsuback, &u.Properties)
		w.check(len(u.Codes) > 0, ErrEmpty)
		for _, c := range u.Codes {
			w.reason(TypeUnsuback, c)
		}
	}
	return w.finish(nil)
}
