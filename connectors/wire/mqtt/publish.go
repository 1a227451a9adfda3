package mqtt

// Publish brings a message, either way.
type Publish struct {
	QoS        byte   // 0 to 2
	Dup        bool   // sent before; not with QoS 0
	Retain     bool   // to be kept, or has been
	ID         uint16 // of the packet; 0 with QoS 0, and only then
	Topic      []byte // a topic name; empty in version 5 where an alias stands for it
	Properties Properties
	Payload    []byte
}

// Publish reads a PUBLISH. It does not allocate, but for the SubscriptionIDs of a server's.
func (d Decoder) Publish(p Packet) (m Publish, err error) {
	if err := d.expect(p, TypePublish); err != nil {
		return Publish{}, err
	}
	m.QoS, m.Dup, m.Retain = p.Flags>>1&3, p.Flags&flagDup != 0, p.Flags&flagRetain != 0
	r := reader{b: p.Body}
	r.check(m.QoS <= 2, ErrQoS)
	r.check(!m.Dup || m.QoS > 0, ErrDup)
	m.Topic = r.text()
	if m.QoS > 0 {
		m.ID = r.packetID()
	}
	d.properties(&m.Properties, &r, TypePublish)
	r.check(plain(m.Topic) || len(m.Topic) == 0 && d.Version == V5, ErrTopic)
	r.check(len(m.Topic) > 0 || m.Properties.TopicAlias != 0, ErrNoTopic)
	if r.err != nil {
		return Publish{}, r.err
	}
	m.Payload = r.b
	return m, nil
}

// Check tells whether a client of version 5 has asked for what a CONNACK has denied, as a server does
// that keeps no messages, knows no aliases and takes messages of up to maxQoS: ErrRetain, ErrAlias,
// ErrMaximumQoS. Older versions cannot be told: what they ask for beyond this is to be ignored.
func (m Publish) Check(v Version, maxQoS byte) error {
	switch {
	case v != V5:
		return nil
	case m.Properties.TopicAlias != 0:
		return ErrAlias
	case m.Retain:
		return ErrRetain
	case m.QoS > maxQoS:
		return ErrMaximumQoS
	}
	return nil
}

// Append appends the packet.
func (m Publish) Append(dst []byte, v Version) ([]byte, error) {
	w := begin(dst, v, TypePublish, m.flags())
	w.check(m.QoS <= 2, ErrQoS)
	w.check(!m.Dup || m.QoS > 0, ErrDup)
	aliased := v == V5 && len(m.Topic) == 0 && m.Properties.TopicAlias != 0
	w.check(plain(m.Topic) || aliased, ErrTopic)
	w.text(m.Topic)
	if m.QoS > 0 {
		w.packetID(m.ID)
	}
	w.properties(v, TypePublish, &m.Properties)
	return w.finish(m.Payload)
}

func (m *Publish) flags() byte {
	flags := m.QoS << 1 & 0x06
	if m.Dup {
		flags |= flagDup
	}
	if m.Retain {
		flags |= flagRetain
	}
	return flags
}
