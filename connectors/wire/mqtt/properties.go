package mqtt

import "iter"

// Optional is a value that may be absent, where that means something else than its zero.
type Optional[T any] struct {
	Value T
	Set   bool
}

// Some is a value that is there.
func Some[T any](v T) Optional[T] { return Optional[T]{v, true} }

// Properties are those of a packet of version 5, or of a will; older versions have none. The zero value
// of each means that it is absent, or what its absence means. Each packet has a place for some of them
// only: the others are ErrProperty, read or appended. Text must be UTF-8 without U+0000; lengths of time
// are in seconds, sizes in bytes. Byte slices that are empty and not nil are there.
type Properties struct {
	// Of PUBLISH and wills.

	UTF8Payload     bool             // the payload format indicator: it is text
	MessageExpiry   Optional[uint32] // not to be delivered any more after that
	ContentType     []byte           // text
	ResponseTopic   []byte           // a topic name
	CorrelationData []byte

	// Of PUBLISH. A server that sends one may have several identifiers, SUBSCRIBE one.

	TopicAlias      uint16 // 0: none
	SubscriptionIDs []uint32

	// Of wills.

	WillDelay uint32

	// Of CONNECT and CONNACK; SessionExpiry of DISCONNECT, too.

	SessionExpiry     Optional[uint32] // math.MaxUint32: never
	ReceiveMaximum    uint16           // 0: 65,535
	MaximumPacketSize uint32           // 0: no limit
	TopicAliasMaximum uint16

	// Of CONNECT.

	RequestResponseInfo bool
	NoProblemInfo       bool // says: Request Problem Information is 0

	// Of CONNACK. What is told unavailable is available else.

	MaximumQoS        Optional[byte] // 0 or 1; absent: 2
	NoRetain          bool           // Retain Available is 0
	NoWildcards       bool           // Wildcard Subscription Available is 0
	NoSubscriptionIDs bool           // Subscription Identifiers Available is 0
	NoShared          bool           // Shared Subscription Available is 0
	AssignedClientID  []byte         // text
	ServerKeepAlive   Optional[uint16]
	ResponseInfo      []byte // text
	ServerReference   []byte // text; of DISCONNECT, too

	// Of CONNECT, CONNACK and AUTH.

	AuthMethod []byte // text
	AuthData   []byte // needs a method

	// Of all that tell a reason code.

	ReasonString []byte // text, for people

	// Of all.

	User UserProperties
}

// UserProperties are pairs of a name and a value, both text, as they lie on the wire: names may come
// more than once, and the order counts. What else lies between them is skipped.
type UserProperties []byte

// With is u with a pair behind. What is no text, or is over 65,535 bytes, is refused only when it is to be
// written: by the Append of a packet.
func (u UserProperties) With(name, value string) UserProperties {
	if len(name) > maxText || len(value) > maxText {
		return append(u, propTooLong)
	}
	w := writer{b: append(u, propUser)}
	w.data([]byte(name))
	w.data([]byte(value))
	return w.b
}

// All is the pairs, which alias u.
func (u UserProperties) All() iter.Seq2[[]byte, []byte] {
	return func(yield func(name, value []byte) bool) { u.walk(yield) }
}

// walk yields the pairs, and tells whether none was too long.
func (u UserProperties) walk(yield func(name, value []byte) bool) (fit bool) {
	r := reader{b: u}
	var skipped Properties
	for fit = true; len(r.b) > 0; {
		switch id := r.byte(); id {
		case propUser:
			name, value := r.data(), r.data()
			if r.err != nil || !yield(name, value) {
				return fit
			}
		case propTooLong:
			fit = false
		default:
			skipped.read(id, &r)
		}
	}
	return fit
}

// The identifiers of properties, all under 64.
const (
	propTooLong             = 0x00 // no property: a pair that could not be put into UserProperties
	propPayloadFormat       = 0x01
	propMessageExpiry       = 0x02
	propContentType         = 0x03
	propResponseTopic       = 0x08
	propCorrelationData     = 0x09
	propSubscriptionID      = 0x0b
	propSessionExpiry       = 0x11
	propAssignedClientID    = 0x12
	propServerKeepAlive     = 0x13
	propAuthMethod          = 0x15
	propAuthData            = 0x16
	propRequestProblemInfo  = 0x17
	propWillDelay           = 0x18
	propRequestResponseInfo = 0x19
	propResponseInfo        = 0x1a
	propServerReference     = 0x1c
	propReasonString        = 0x1f
	propReceiveMaximum      = 0x21
	propTopicAliasMaximum   = 0x22
	propTopicAlias          = 0x23
	propMaximumQoS          = 0x24
	propRetainAvailable     = 0x25
	propUser                = 0x26
	propMaximumPacketSize   = 0x27
	propWildcards           = 0x28
	propSubscriptionIDs     = 0x29
	propShared              = 0x2a
)

// Sets of properties, a bit for each identifier.
const (
	ofMessage = 1<<propPayloadFormat | 1<<propMessageExpiry | 1<<propContentType | 1<<propResponseTopic |
		1<<propCorrelationData | 1<<propUser
	ofSession = 1<<propSessionExpiry | 1<<propReceiveMaximum | 1<<propMaximumPacketSize |
		1<<propTopicAliasMaximum | ofAuth | 1<<propUser
	ofAuth   = 1<<propAuthMethod | 1<<propAuthData
	ofReason = 1<<propReasonString | 1<<propUser
)

// typeWill is where a will's properties are found in a table by types.
const typeWill Type = 0

// propertiesOf are the properties that packets may have.
var propertiesOf = [16]uint64{
	typeWill:    ofMessage | 1<<propWillDelay,
	TypeConnect: ofSession | 1<<propRequestResponseInfo | 1<<propRequestProblemInfo,
	TypeConnack: ofSession | ofReason | 1<<propMaximumQoS | 1<<propRetainAvailable | 1<<propWildcards |
		1<<propSubscriptionIDs | 1<<propShared | 1<<propAssignedClientID | 1<<propServerKeepAlive |
		1<<propResponseInfo | 1<<propServerReference,
	TypePublish:     ofMessage | 1<<propTopicAlias | 1<<propSubscriptionID,
	TypePuback:      ofReason,
	TypePubrec:      ofReason,
	TypePubrel:      ofReason,
	TypePubcomp:     ofReason,
	TypeSubscribe:   1<<propSubscriptionID | 1<<propUser,
	TypeSuback:      ofReason,
	TypeUnsubscribe: 1 << propUser,
	TypeUnsuback:    ofReason,
	TypeDisconnect:  ofReason | 1<<propSessionExpiry | 1<<propServerReference,
	TypeAuth:        ofReason | ofAuth,
}
