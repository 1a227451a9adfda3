package mqtt

// properties reads the properties of a packet of type t into p, which is empty. Those that the side which
// sends the packet must not use are ErrDirection.
func (d Decoder) properties(p *Properties, r *reader, t Type) {
	if d.Version != V5 {
		return
	}
	block := reader{b: r.take(r.variable())}
	for may := propertiesOf[t] &^ d.foreign(t); len(block.b) > 0; {
		rest := block.b
		id := block.byte()     // all there are have one byte
		bit := uint64(1) << id // 0 from 64 on
		if bit&may == 0 {
			block.fail(d.objection(t, bit))
		}
		may &^= bit &^ repeatable(t)
		if id == propUser && p.User == nil {
			p.User = rest
		}
		p.read(id, &block)
	}
	block.check(p.AuthData == nil || p.AuthMethod != nil, ErrMethod)
	if block.err != nil {
		r.fail(block.err)
	}
}

// objection is why a property may not come, or not again.
func (d Decoder) objection(t Type, bit uint64) error {
	switch {
	case bit&propertiesOf[t] == 0:
		return ErrProperty
	case bit&d.foreign(t) != 0:
		return ErrDirection
	}
	return ErrTwice
}

// foreign are the properties that only the other side sends.
func (d Decoder) foreign(t Type) uint64 {
	switch {
	case t == TypePublish && !d.FromServer:
		return 1 << propSubscriptionID
	case t == TypeDisconnect && d.FromServer:
		return 1 << propSessionExpiry
	case t == TypeDisconnect:
		return 1 << propServerReference
	}
	return 0
}

// repeatable are the properties that may come more than once.
func repeatable(t Type) uint64 {
	if t == TypePublish {
		return 1<<propUser | 1<<propSubscriptionID
	}
	return 1 << propUser
}

// read reads the value of a property.
func (p *Properties) read(id byte, r *reader) {
	switch id {
	case propContentType:
		p.ContentType = r.text()
	case propResponseTopic:
		p.ResponseTopic = r.text()
		r.check(plain(p.ResponseTopic), ErrResponse)
	case propCorrelationData:
		p.CorrelationData = r.data()
	case propAssignedClientID:
		p.AssignedClientID = r.text()
	case propAuthMethod:
		p.AuthMethod = r.text()
	case propAuthData:
		p.AuthData = r.data()
	case propResponseInfo:
		p.ResponseInfo = r.text()
	case propServerReference:
		p.ServerReference = r.text()
	case propReasonString:
		p.ReasonString = r.text()
	case propUser:
		r.text()
		r.text()
	default:
		p.readNumber(id, r)
	}
}

func (p *Properties) readNumber(id byte, r *reader) {
	switch id {
	case propMessageExpiry:
		p.MessageExpiry = Some(r.uint32())
	case propSubscriptionID:
		p.SubscriptionIDs = append(p.SubscriptionIDs, uint32(r.positive(r.variable())))
	case propSessionExpiry:
		p.SessionExpiry = Some(r.uint32())
	case propServerKeepAlive:
		p.ServerKeepAlive = Some(r.uint16())
	case propWillDelay:
		p.WillDelay = r.uint32()
	case propReceiveMaximum:
		p.ReceiveMaximum = uint16(r.positive(int(r.uint16())))
	case propTopicAliasMaximum:
		p.TopicAliasMaximum = r.uint16()
	case propTopicAlias:
		p.TopicAlias = r.uint16()
		r.check(p.TopicAlias != 0, ErrAlias)
	case propMaximumPacketSize:
		p.MaximumPacketSize = uint32(r.positive(int(r.uint32())))
	case propMaximumQoS:
		p.MaximumQoS = Some(r.byte())
		r.check(p.MaximumQoS.Value <= 1, ErrValue)
	default:
		p.readFlag(id, r)
	}
}

func (p *Properties) readFlag(id byte, r *reader) {
	switch id {
	case propPayloadFormat:
		p.UTF8Payload = r.bool()
	case propRequestProblemInfo:
		p.NoProblemInfo = !r.bool()
	case propRequestResponseInfo:
		p.RequestResponseInfo = r.bool()
	case propRetainAvailable:
		p.NoRetain = !r.bool()
	case propWildcards:
		p.NoWildcards = !r.bool()
	case propSubscriptionIDs:
		p.NoSubscriptionIDs = !r.bool()
	case propShared:
		p.NoShared = !r.bool()
	}
}

// positive is v, which must not be 0.
func (r *reader) positive(v int) int {
	r.check(v != 0, ErrValue)
	return v
}
