package pomelo

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"unicode/utf8"
)

// ErrSchema refuses schemas that cannot be followed (F 24).
var ErrSchema = errors.New("pomelo: bad schema")

// maxTag is the largest tag whose key fits 32 bits.
const maxTag = math.MaxUint32 >> 3

// ParseSchema reads one file of Pomelo's schemas (P10.2). As with the reference,
// a member that is not written as a field or a type, or that repeats a tag, is a
// comment. What is written so and cannot be followed is an error: a type that is
// unknown (F 24), a tag that is no positive number, a name that comes twice.
func ParseSchema(file []byte) (*Schema, error) {
	s := &Schema{messages: map[string]*message{}, text: "{}"}
	if len(bytes.TrimSpace(file)) == 0 {
		return s, nil
	}
	if !utf8.Valid(file) {
		return nil, fmt.Errorf("%w: not UTF-8", ErrSchema)
	}
	text := []byte{'{'}
	members, err := membersOf(file)
	if err != nil {
		return nil, err
	}
	for _, member := range members {
		m, err := parseMessage(member.value, maxDepth)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", member.name, err)
		}
		s.messages[member.name] = m
		text = append(m.appendParsed(append(appendString(text, member.name), ':')), ',')
	}
	for _, member := range members {
		if err := s.resolve(s.messages[member.name]); err != nil {
			return nil, fmt.Errorf("%s: %w", member.name, err)
		}
	}
	s.text = string(closeObject(text))
	return s, nil
}

// parseMessage reads a message and the types nested in it.
func parseMessage(text json.RawMessage, depth int) (*message, error) {
	if depth == 0 {
		return nil, fmt.Errorf("%w: over %d levels", ErrSchema, maxDepth)
	}
	members, err := membersOf(text)
	if err != nil {
		return nil, err
	}
	m := &message{byName: map[string]*field{}, byTag: map[uint64]*field{}}
	for _, member := range members {
		words := strings.Split(member.name, " ")
		switch {
		case words[0] == "message" && len(words) == 2:
			err = m.addType(words[1], member.value, depth)
		case len(words) == 3 && (words[0] == "required" || words[0] == "optional" || words[0] == "repeated"):
			err = m.addField(words, member.value)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", member.name, err)
		}
	}
	return m, nil
}

func (m *message) addType(name string, text json.RawMessage, depth int) error {
	inner, err := parseMessage(text, depth-1)
	if err == nil {
		m.nested = append(m.nested, nested{name, inner})
	}
	return err
}

// addField adds the field that words declare, unless its tag is taken.
func (m *message) addField(words []string, text json.RawMessage) error {
	var tag uint64
	if json.Unmarshal(text, &tag) != nil || tag == 0 || tag > maxTag {
		return fmt.Errorf("%w: the tag is no number from 1 to %d", ErrSchema, maxTag)
	}
	if m.byTag[tag] != nil {
		return nil
	}
	f := &field{
		index: len(m.fields), option: words[0], typ: words[1], name: words[2], tag: tag,
		required: words[0] == "required", repeated: words[0] == "repeated",
	}
	if m.byName[f.name] != nil || strings.HasPrefix(f.name, "__") {
		return fmt.Errorf("%w: the name is taken", ErrSchema)
	}
	f.member = append(appendString(nil, f.name), ':')
	m.fields = append(m.fields, f)
	m.byName[f.name], m.byTag[tag] = f, f
	return nil
}

// resolve finds the types that m and what is nested in it name: first among the
// types of the message itself, then at the top, and not in between (P10.3).
func (s *Schema) resolve(m *message) error {
	for _, f := range m.fields {
		k, ok := kinds[f.typ]
		if !ok {
			k, f.message = kindMessage, m.local(f.typ)
			if f.message == nil {
				f.message = s.messages["message "+f.typ]
			}
			if f.message == nil {
				return fmt.Errorf("%w: %s has the unknown type %s", ErrSchema, f.name, f.typ)
			}
		}
		f.kind = k
		f.key = binary.AppendUvarint(nil, f.tag<<3|uint64(k.wire()))
	}
	for _, n := range m.nested {
		if err := s.resolve(n.message); err != nil {
			return fmt.Errorf("message %s: %w", n.name, err)
		}
	}
	return nil
}

// member is one of an object's.
type member struct {
	name  string
	value json.RawMessage
}

// membersOf reads an object, its members in their order.
func membersOf(text []byte) (members []member, err error) {
	d := json.NewDecoder(bytes.NewReader(text))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, fmt.Errorf("%w: no JSON object", ErrSchema)
	}
	seen := map[string]bool{}
	for d.More() {
		var m member
		t, err := d.Token()
		if err == nil {
			m.name = t.(string)
			err = d.Decode(&m.value)
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrSchema, err)
		}
		if seen[m.name] {
			return nil, fmt.Errorf("%w: %q comes twice", ErrSchema, m.name)
		}
		seen[m.name] = true
		members = append(members, m)
	}
	if _, err := d.Token(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSchema, err)
	}
	if rest := text[d.InputOffset():]; len(bytes.TrimSpace(rest)) > 0 {
		return nil, fmt.Errorf("%w: more than one value", ErrSchema)
	}
	return members, nil
}
