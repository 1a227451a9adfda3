package peer

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// Types are hashes over the names and fields of all messages that the process knows, for each protobuf
// package: those of fairlead, and the ones named or below them.
func Types(packages ...string) map[string]uint64 {
	lines := map[string][]string{}
	protoregistry.GlobalFiles.RangeFiles(func(f protoreflect.FileDescriptor) bool {
		name := string(f.Package())
		if slices.ContainsFunc(append([]string{"fairlead"}, packages...), func(p string) bool {
			return name == p || strings.HasPrefix(name, p+".")
		}) {
			lines[name] = describe(lines[name], f)
		}
		return true
	})
	hashes := map[string]uint64{}
	for name, all := range lines {
		slices.Sort(all) // files are ranged over in no order
		h := fnv.New64a()
		for _, line := range all {
			_, _ = h.Write([]byte(line + "\n"))
		}
		hashes[name] = h.Sum64()
	}
	return hashes
}

// scope is a file or a message: what messages and enums are declared in.
type scope interface {
	Messages() protoreflect.MessageDescriptors
	Enums() protoreflect.EnumDescriptors
}

func describe(lines []string, s scope) []string {
	for i := range s.Messages().Len() {
		m := s.Messages().Get(i)
		lines = append(lines, "message "+string(m.FullName()))
		for j := range m.Fields().Len() {
			lines = append(lines, fieldLine(m.Fields().Get(j)))
		}
		lines = describe(lines, m)
	}
	for i := range s.Enums().Len() {
		e := s.Enums().Get(i)
		for j := range e.Values().Len() {
			v := e.Values().Get(j)
			lines = append(lines, fmt.Sprintf("enum %s %s %d", e.FullName(), v.Name(), v.Number()))
		}
	}
	return lines
}

func fieldLine(f protoreflect.FieldDescriptor) string {
	var of protoreflect.FullName
	if f.Message() != nil {
		of = f.Message().FullName()
	} else if f.Enum() != nil {
		of = f.Enum().FullName()
	}
	return fmt.Sprintf("field %s %d %v %v %s", f.FullName(), f.Number(), f.Cardinality(), f.Kind(), of)
}
