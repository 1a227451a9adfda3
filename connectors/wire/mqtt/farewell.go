package mqtt

// Disconnect is the last packet of either side; of the server's only in version 5.
type Disconnect struct {
	Code       ReasonCode // version 5 only
	Properties Properties
}

// Disconnect reads a DISCONNECT.
func (d Decoder) Disconnect(p Packet) (Disconnect, error) {
	if err := d.expect(p, TypeDisconnect); err != nil {
		return Disconnect{}, err
	}
	r := reader{b: p.Body}
	var last Disconnect
	last.Code = d.outcome(&last.Properties, &r, TypeDisconnect)
	if err := r.end(); err != nil {
		return Disconnect{}, err
	}
	return last, nil
}

// Append appends the packet, as short as it can be.
func (d Disconnect) Append(dst []byte, v Version) ([]byte, error) {
	w := begin(dst, v, TypeDisconnect, 0)
	w.outcome(v, TypeDisconnect, d.Code, &d.Properties)
	return w.finish(nil)
}

// Auth is a step of an authentication of version 5, either way.
type Auth struct {
	Code       ReasonCode // Success, ContinueAuthentication or ReAuthenticate
	Properties Properties
}

// Auth reads an AUTH.
func (d Decoder) Auth(p Packet) (Auth, error) {
	if err := d.expect(p, TypeAuth); err != nil {
		return Auth{}, err
	}
	r := reader{b: p.Body}
	var a Auth
	a.Code = d.outcome(&a.Properties, &r, TypeAuth)
	r.check(len(p.Body) == 0 || a.Properties.AuthMethod != nil, ErrMethod)
	if err := r.end(); err != nil {
		return Auth{}, err
	}
	return a, nil
}

// Append appends the packet, as short as it can be. Older versions have none: ErrType.
func (a Auth) Append(dst []byte, v Version) ([]byte, error) {
	w := begin(dst, v, TypeAuth, 0)
	w.check(v == V5, ErrType)
	w.check(a.Code == Success && a.Properties.none(TypeAuth) || a.Properties.AuthMethod != nil, ErrMethod)
	w.outcome(v, TypeAuth, a.Code, &a.Properties)
	return w.finish(nil)
}
