package mqtt

// Connect is the first packet of a client.
type Connect struct {
	// Version is the level that the client names, one of those known or not.
	Version    Version
	CleanStart bool   // a clean session, in the older versions
	KeepAlive  uint16 // in seconds; 0: none
	ClientID   []byte // text; may be empty
	Username   []byte // text; nil: none
	Password   []byte // nil: none
	Will       *Will  // nil: none
	Properties Properties
}

// Will is what a client wants published when it is gone.
type Will struct {
	QoS        byte
	Retain     bool
	Topic      []byte
	Payload    []byte
	Properties Properties
}

// Flags of a CONNECT.
const (
	connectReserved = 0x01
	connectClean    = 0x02
	connectWill     = 0x04
	connectQoS      = 0x18
	connectRetain   = 0x20
	connectPassword = 0x40
	connectUser     = 0x80
)

// Connect reads a CONNECT of any version. With ErrVersion it returns the level that the client named, and
// with ErrClientID all of it, for the CONNACK that tells them.
func (d Decoder) Connect(p Packet) (Connect, error) {
	if err := d.expect(p, TypeConnect); err != nil {
		return Connect{}, err
	}
	r := reader{b: p.Body}
	name := r.text()
	c := Connect{Version: Version(r.byte())}
	d.Version = c.Version
	switch {
	case r.err != nil:
		return Connect{}, r.err
	case string(name) != "MQTT" && string(name) != "MQIsdp":
		return Connect{}, ErrName
	case !c.Version.known(), c.Version.name() != string(name):
		return Connect{Version: c.Version}, ErrVersion
	}
	flags := r.byte()
	r.check(flags&connectReserved == 0, ErrReserved)
	c.CleanStart = flags&connectClean != 0
	c.KeepAlive = r.uint16()
	d.properties(&c.Properties, &r, TypeConnect)
	c.ClientID = r.text()
	c.Will = d.will(&r, flags)
	d.credentials(&c, &r, flags)
	if err := r.end(); err != nil {
		return Connect{}, err
	}
	if len(c.ClientID) == 0 && !c.CleanStart && c.Version != V5 {
		return c, ErrClientID
	}
	return c, nil
}

// name is the protocol's name in a CONNECT.
func (v Version) name() string {
	if v == V31 {
		return "MQIsdp"
	}
	return "MQTT"
}

func (d Decoder) will(r *reader, flags byte) *Will {
	if flags&connectWill == 0 {
		// 3.1 does not look at what is said of a will that is not there.
		r.check(d.Version == V31 || flags&(connectQoS|connectRetain) == 0, ErrWill)
		return nil
	}
	w := &Will{QoS: flags & connectQoS >> 3, Retain: flags&connectRetain != 0}
	r.check(w.QoS <= 2, ErrQoS)
	d.properties(&w.Properties, r, typeWill)
	w.Topic = r.text()
	r.check(plain(w.Topic), ErrTopic)
	w.Payload = r.data()
	return w
}

// credentials reads user name and password. In 3.1 the flags may promise what is not there: the packet's
// length takes precedence.
func (d Decoder) credentials(c *Connect, r *reader, flags byte) {
	missing := func() bool { return d.Version == V31 && len(r.b) == 0 }
	if flags&connectUser != 0 && !missing() {
		c.Username = r.text()
	}
	if flags&connectPassword != 0 {
		r.check(d.Version == V5 || flags&connectUser != 0, ErrPassword)
		if !missing() {
			c.Password = r.data()
		}
	}
}

// Append appends the packet in version v, whatever Version says.
func (c Connect) Append(dst []byte, v Version) ([]byte, error) {
	c.Version = v
	w := begin(dst, v, TypeConnect, 0)
	w.check(c.Version == V5 || c.Username != nil || c.Password == nil, ErrPassword)
	w.check(c.Version == V5 || c.CleanStart || len(c.ClientID) > 0, ErrClientID)
	w.text([]byte(c.Version.name()))
	w.byte(byte(c.Version))
	w.byte(c.flags())
	w.uint16(c.KeepAlive)
	w.properties(c.Version, TypeConnect, &c.Properties)
	w.text(c.ClientID)
	if c.Will != nil {
		w.will(c.Version, c.Will)
	}
	if c.Username != nil {
		w.text(c.Username)
	}
	if c.Password != nil {
		w.data(c.Password)
	}
	return w.finish(nil)
}

func (c *Connect) flags() (flags byte) {
	set := func(flag byte, when bool) {
		if when {
			flags |= flag
		}
	}
	set(connectClean, c.CleanStart)
	set(connectUser, c.Username != nil)
	set(connectPassword, c.Password != nil)
	if c.Will != nil {
		flags |= connectWill | c.Will.QoS<<3&connectQoS
		set(connectRetain, c.Will.Retain)
	}
	return flags
}

func (w *writer) will(v Version, will *Will) {
	w.check(will.QoS <= 2, ErrQoS)
	w.properties(v, typeWill, &will.Properties)
	w.check(plain(will.Topic), ErrTopic)
	w.text(will.Topic)
	w.data(will.Payload)
}
