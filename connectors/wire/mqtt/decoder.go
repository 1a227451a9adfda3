package mqtt

// Decoder reads packets. What it returns aliases the packet's body. It is a value without state: the
// same packet decodes to the same always, and no packet makes it panic.
type Decoder struct {
	// Version is the one that the conversation's CONNECT named. It does not matter to a CONNECT.
	Version Version
	// FromServer is for a client: the packets to read are those that a server sends.
	FromServer bool
}

// Packets that only one side sends.
const (
	onlyClients = 1<<TypeConnect | 1<<TypeSubscribe | 1<<TypeUnsubscribe | 1<<TypePingreq
	onlyServers = 1<<TypeConnack | 1<<TypeSuback | 1<<TypeUnsuback | 1<<TypePingresp
)

// Flags of fixed headers. Those of a PUBLISH tell something.
const (
	flagRetain = 0x01
	flagAsk    = 0x02 // of PUBREL, SUBSCRIBE and UNSUBSCRIBE: quality of service 1, once
	flagDup    = 0x08
)

// Check looks at what a packet is, not at its body: whether there is such a type (ErrType), whether the
// side that Decoder reads from sends it (ErrDirection), its flags (ErrFlags), and whether the Decoder has a
// Version (ErrVersion). The methods that decode do the same.
func (d Decoder) Check(p Packet) error {
	switch bit := uint16(1) << p.Type; {
	case p.Type != TypeConnect && !d.Version.known():
		return ErrVersion
	case p.Type < TypeConnect, p.Type > TypeAuth, p.Type == TypeAuth && d.Version != V5:
		return ErrType
	case d.FromServer && bit&onlyClients != 0, !d.FromServer && bit&onlyServers != 0:
		return ErrDirection
	case d.FromServer && p.Type == TypeDisconnect && d.Version != V5:
		return ErrDirection
	}
	return d.checkFlags(p)
}

func (d Decoder) checkFlags(p Packet) error {
	want, got := byte(0), p.Flags
	switch p.Type {
	case TypePublish:
		return nil
	case TypePubrel, TypeSubscribe, TypeUnsubscribe:
		want = flagAsk
		if d.Version == V31 {
			got &^= flagDup // 3.1 repeats these
		}
	}
	if got != want {
		return ErrFlags
	}
	return nil
}

// expect is Check for a packet that must be of type t.
func (d Decoder) expect(p Packet, t Type) error {
	if p.Type != t {
		return ErrType
	}
	return d.Check(p)
}

// Ping reads a PINGREQ or, from a server, a PINGRESP. Nothing is in it.
func (d Decoder) Ping(p Packet) error {
	if p.Type != TypePingreq && p.Type != TypePingresp {
		return ErrType
	}
	if err := d.Check(p); err != nil {
		return err
	}
	r := reader{b: p.Body}
	return r.end()
}

// AppendPingreq appends a PINGREQ.
func AppendPingreq(dst []byte) []byte { return append(dst, byte(TypePingreq)<<4, 0) }

// AppendPingresp appends a PINGRESP.
func AppendPingresp(dst []byte) []byte { return append(dst, byte(TypePingresp)<<4, 0) }
