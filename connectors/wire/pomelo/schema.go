package pomelo

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/fairlead-go/fairlead/connectors"
)

// Schemas say which bodies are typed, and how: Pomelo's protobuf, which is like
// Google's and not compatible (P10). They do not change.
type Schemas struct {
	client, server *Schema
	version        string
	sys            []byte // the member they add to a handshake's answer, a comma behind it
}

// ParseSchemas reads the two files that Pomelo calls clientProtos.json, what
// clients send, and serverProtos.json, what they are sent: responses by the route
// of the request, pushes by their own (P10.1). An empty file types nothing.
func ParseSchemas(client, server []byte) (*Schemas, error) {
	c, err := ParseSchema(client)
	if err != nil {
		return nil, fmt.Errorf("client protos: %w", err)
	}
	s, err := ParseSchema(server)
	if err != nil {
		return nil, fmt.Errorf("server protos: %w", err)
	}
	return (&Schemas{client: c, server: s}).WithVersion(versionOf(c.text + s.text)), nil
}

// WithVersion is s under another version, for those who number their schemas
// themselves: a client that has kept schemas of this version is sent none.
func (s *Schemas) WithVersion(version string) *Schemas {
	t := &Schemas{client: s.client, server: s.server, version: version}
	t.sys = append(append(t.sys, `"protos":{"server":`...), s.server.text...)
	t.sys = append(append(t.sys, `,"client":`...), s.client.text...)
	t.sys = append(appendString(append(t.sys, `,"version":`...), version), "},"...)
	return t
}

// Client is the schema of what clients send.
func (s *Schemas) Client() *Schema { return s.client }

// Server is the schema of what clients are sent.
func (s *Schemas) Server() *Schema { return s.server }

// Version tells clients whether the schemas they have kept are these (P10.2).
func (s *Schemas) Version() string { return s.version }

// Schema types the bodies of one direction, by route.
type Schema struct {
	messages map[string]*message // by route, and by "message " and the name of a type
	text     string              // the parsed form
}

// JSON is the parsed form, as clients get it in the handshake (P10.2).
func (s *Schema) JSON() string { return s.text }

// Has tells whether bodies of route are typed.
func (s *Schema) Has(route string) bool { return s.messages[route] != nil }

// AppendBody appends the typed body that the JSON text of an object stands for.
// Members that are unknown or null are left out; whole numbers lose their
// fraction, and may stand in a string, as with the reference (P10.4 to P10.7). When
// it fails, dst comes back as it was: with ErrEmpty if nothing was left to write.
func (s *Schema) AppendBody(dst []byte, route string, text []byte) ([]byte, error) {
	m := s.messages[route]
	if m == nil {
		return dst, ErrNoSchema
	}
	return m.appendBody(dst, text)
}

// AppendJSON appends the JSON text of an object that a typed body stands for. Its
// members come in the order of the body, each once: the last of several values
// wins, lists are joined. Wire types are ignored (P10.5), required fields may be
// missing. When it fails, dst comes back as it was.
func (s *Schema) AppendJSON(dst []byte, route string, body []byte) ([]byte, error) {
	m := s.messages[route]
	if m == nil {
		return dst, ErrNoSchema
	}
	return m.appendJSON(dst, body, false)
}

// Errors of typed bodies. Of those about bytes all are malformed input.
var (
	ErrNoSchema  = errors.New("pomelo: no schema for the route")
	ErrShortBody = fmt.Errorf("pomelo: typed body cut short: %w", connectors.ErrMalformed)
	ErrVarint    = fmt.Errorf("pomelo: varint over 64 bits: %w", connectors.ErrMalformed)
	ErrTag       = fmt.Errorf("pomelo: tag not in the schema: %w", connectors.ErrMalformed)
	ErrDepth     = fmt.Errorf("pomelo: body over %d levels: %w", maxDepth, connectors.ErrMalformed)
)

// maxDepth is how deep a body, or a declaration, may be nested.
const maxDepth = 32

// kind is the type of a field.
type kind byte

const (
	kindUint kind = iota
	kindInt       // sInt32 and int32, both zigzag (P10.4)
	kindFloat
	kindDouble
	kindString
	kindMessage
)

// kinds are the types that have a name of their own.
var kinds = map[string]kind{
	"uInt32": kindUint, "sInt32": kindInt, "int32": kindInt,
	"float": kindFloat, "double": kindDouble, "string": kindString,
}

// wire is the wire type that keys tell of a kind (P10.4).
func (k kind) wire() byte { return [...]byte{0, 0, 5, 1, 2, 2}[k] }

// counted tells whether lists of this kind are a count and elements back to back;
// the others have a key for each element (P10.6).
func (k kind) counted() bool { return k < kindString }

// message is a declared message.
type message struct {
	fields []*field // in the order of the file
	byName map[string]*field
	byTag  map[uint64]*field
	nested []nested
}

// nested is a type declared inside a message.
type nested struct {
	name string
	*message
}

type field struct {
	index    int // in message.fields
	name     string
	member   []byte // "name":
	option   string
	typ      string
	tag      uint64
	key      []byte
	kind     kind
	repeated bool
	required bool
	message  *message // of a kindMessage
}

func (m *message) local(name string) *message {
	for _, n := range m.nested {
		if n.name == name {
			return n.message
		}
	}
	return nil
}

// appendParsed appends the parsed form: fields in the order of the file, then the
// nested types, then tag → name, which a JavaScript object holds in their order.
func (m *message) appendParsed(dst []byte) []byte {
	dst = append(dst, '{')
	for _, f := range m.fields {
		dst = append(append(dst, f.member...), `{"option":`...)
		dst = append(appendString(dst, f.option), `,"type":`...)
		dst = append(appendString(dst, f.typ), `,"tag":`...)
		dst = append(strconv.AppendUint(dst, f.tag, 10), "},"...)
	}
	dst = append(dst, `"__messages":{`...)
	for _, n := range m.nested {
		dst = append(n.appendParsed(append(appendString(dst, n.name), ':')), ',')
	}
	dst = append(closeObject(dst), `,"__tags":{`...)
	byTag := slices.Clone(m.fields)
	slices.SortFunc(byTag, func(a, b *field) int { return int(a.tag) - int(b.tag) })
	for _, f := range byTag {
		dst = append(strconv.AppendUint(append(dst, '"'), f.tag, 10), `":`...)
		dst = append(appendString(dst, f.name), ',')
	}
	return append(closeObject(dst), '}')
}
