package mqtt

// properties appends the properties of a packet of type t, behind their length.
func (w *writer) properties(v Version, t Type, p *Properties) {
	if v != V5 {
		return
	}
	at := len(w.b)
	w.byte(0)
	w.allowed = propertiesOf[t]
	w.numbers(p)
	w.flags(p)
	w.texts(p)
	w.user(p.User)
	n := len(w.b) - at - 1
	w.check(n <= MaxBody, ErrTooLong)
	if w.err == nil {
		w.length(at, n)
	}
}

// none tells whether there are no properties to append.
func (p *Properties) none(t Type) bool {
	w := writer{}
	w.properties(V5, t, p)
	return w.err == nil && len(w.b) == 1
}

// has appends the identifier of a property if it is there, and says so.
func (w *writer) has(id byte, there bool) bool {
	if there {
		w.check(w.allowed&(1<<id) != 0, ErrProperty)
		w.byte(id)
	}
	return there
}

func (w *writer) prop16(id byte, v uint16, there bool) {
	if w.has(id, there) {
		w.uint16(v)
	}
}

func (w *writer) prop32(id byte, v uint32, there bool) {
	if w.has(id, there) {
		w.uint32(v)
	}
}

func (w *writer) propBool(id byte, v, there bool) {
	if !w.has(id, there) {
		return
	}
	if v {
		w.byte(1)
	} else {
		w.byte(0)
	}
}

func (w *writer) propText(id byte, b []byte) {
	if w.has(id, b != nil) {
		w.text(b)
	}
}

func (w *writer) propData(id byte, b []byte) {
	if w.has(id, b != nil) {
		w.data(b)
	}
}

func (w *writer) numbers(p *Properties) {
	w.prop32(propMessageExpiry, p.MessageExpiry.Value, p.MessageExpiry.Set)
	w.prop32(propSessionExpiry, p.SessionExpiry.Value, p.SessionExpiry.Set)
	w.prop16(propServerKeepAlive, p.ServerKeepAlive.Value, p.ServerKeepAlive.Set)
	w.prop32(propWillDelay, p.WillDelay, p.WillDelay != 0)
	w.prop16(propReceiveMaximum, p.ReceiveMaximum, p.ReceiveMaximum != 0)
	w.prop16(propTopicAliasMaximum, p.TopicAliasMaximum, p.TopicAliasMaximum != 0)
	w.prop16(propTopicAlias, p.TopicAlias, p.TopicAlias != 0)
	w.prop32(propMaximumPacketSize, p.MaximumPacketSize, p.MaximumPacketSize != 0)
	if w.has(propMaximumQoS, p.MaximumQoS.Set) {
		w.check(p.MaximumQoS.Value <= 1, ErrValue)
		w.byte(p.MaximumQoS.Value)
	}
	for _, id := range p.SubscriptionIDs {
		w.has(propSubscriptionID, true)
		w.check(0 < id && id <= MaxBody, ErrValue)
		if w.err == nil {
			w.byte(0)
			w.length(len(w.b)-1, int(id))
		}
	}
}

func (w *writer) flags(p *Properties) {
	w.propBool(propPayloadFormat, true, p.UTF8Payload)
	w.propBool(propRequestResponseInfo, true, p.RequestResponseInfo)
	w.propBool(propRequestProblemInfo, false, p.NoProblemInfo)
	w.propBool(propRetainAvailable, false, p.NoRetain)
	w.propBool(propWildcards, false, p.NoWildcards)
	w.propBool(propSubscriptionIDs, false, p.NoSubscriptionIDs)
	w.propBool(propShared, false, p.NoShared)
}

func (w *writer) texts(p *Properties) {
	w.propText(propContentType, p.ContentType)
	w.propText(propResponseTopic, p.ResponseTopic)
	w.check(p.ResponseTopic == nil || plain(p.ResponseTopic), ErrResponse)
	w.propData(propCorrelationData, p.CorrelationData)
	w.propText(propAssignedClientID, p.AssignedClientID)
	w.propText(propAuthMethod, p.AuthMethod)
	w.propData(propAuthData, p.AuthData)
	w.check(p.AuthData == nil || p.AuthMethod != nil, ErrMethod)
	w.propText(propResponseInfo, p.ResponseInfo)
	w.propText(propServerReference, p.ServerReference)
	w.propText(propReasonString, p.ReasonString)
}

func (w *writer) user(u UserProperties) {
	fit := u.walk(func(name, value []byte) bool {
		w.has(propUser, true)
		w.text(name)
		w.text(value)
		return true
	})
	w.check(fit, ErrTooLong)
}
