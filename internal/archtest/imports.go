package archtest

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
)

// A rule says what packages may import besides the standard library. In a
// pattern, "x/*" stands for every package below x, and "*" for every package.
type rule struct {
	of     string   // packages the rule is for, below the module
	ours   []string // of the module
	others []string // of other modules
	tests  []string // of the module, in test files, besides ours and forTests
}

const (
	protobuf   = "google.golang.org/protobuf/*"
	protoactor = "github.com/asynkron/protoactor-go/actor"
	websocket  = "github.com/gorilla/websocket"
)

// edge is what a connector stands on: never another connector.
var edge = []string{"messages", "connectors", "connectors/wire/*", "connectors/body", "connectors/admit", "connectors/port", "internal/stream"}

// table says who may import what. The first rule that fits a package is its
// rule; a package that none fits is a breach.
var table = []rule{
	{of: "messages", others: []string{protobuf, protoactor}},
	{of: "connectors", ours: []string{"messages", "internal/recycle"}},
	{of: "connectors/wire/*", ours: []string{"messages", "connectors", "connectors/wire/*", "internal/jsondepth"}},
	{of: "connectors/body", ours: []string{"messages", "connectors", "internal/jsondepth"}, others: []string{protobuf}},
	{of: "connectors/admit"},
	{of: "connectors/port", ours: []string{"messages", "connectors", "connectors/admit", "connectors/port/proxy", "internal/calm"}},
	{of: "connectors/port/*"},
	{
		of: "connectors/connectortest", ours: append(edge[:len(edge):len(edge)], "actors", "supervisor", "internal/leak"), others: []string{protoactor},
		tests: []string{"connectors/*"},
	},
	{of: "connectors/client", ours: edge, others: []string{websocket}, tests: []string{"connectors/*"}},
	{of: "connectors/udp", ours: edge, others: []string{"golang.org/x/net/ipv4"}},
	{of: "connectors/*", ours: edge, others: []string{websocket}},
	{of: "actors", ours: []string{"messages", "connectors", "connectors/body", "internal/calm"}, others: []string{protoactor}, tests: []string{"connectors/*"}},
	{of: "actors/actortest", ours: []string{"messages", "connectors", "connectors/body", "actors"}, others: []string{protoactor, protobuf}},
	{of: "supervisor", ours: []string{"actors", "connectors", "messages", "internal/calm"}, others: []string{protoactor}, tests: []string{"connectors/*"}},
	{of: "supervisor/cluster/view", ours: []string{"messages"}, others: []string{protobuf}},
	{of: "supervisor/cluster/registry", ours: []string{"messages"}, others: []string{protoactor}},
	{of: "supervisor/cluster/kubernetes", ours: []string{"messages", "internal/calm", "internal/tries"}, tests: []string{"supervisor/cluster"}},
	{
		of: "supervisor/cluster/peer", ours: []string{"messages", "internal/calm"},
		others: []string{protobuf, "github.com/asynkron/protoactor-go/*", "google.golang.org/grpc", "google.golang.org/grpc/*"},
	},
	{
		of:     "supervisor/cluster",
		ours:   []string{"messages", "connectors", "actors", "supervisor", "supervisor/cluster/*", "internal/calm"},
		others: []string{protobuf, "github.com/asynkron/protoactor-go/*", "google.golang.org/grpc", "google.golang.org/grpc/*"},
		tests:  []string{"connectors/*"},
	},
	{
		of:     "supervisor/*",
		ours:   []string{"messages", "connectors", "connectors/*", "actors", "supervisor"},
		others: []string{"github.com/prometheus/*", "github.com/asynkron/protoactor-go/*"},
	},
	{of: "cmd/*", ours: []string{"*"}, others: []string{"*"}},
	{of: "bench", others: []string{protoactor}, tests: []string{"*"}},
	{of: "bench/*", ours: []string{"*"}, others: []string{"*"}},
	{of: "examples/*", ours: []string{"*"}, others: []string{protoactor}},
	{of: "internal/calm"},
	{of: "internal/jsondepth"},
	{of: "internal/tries"},
	{of: "internal/recycle", ours: []string{"messages"}},
	{of: "internal/poll", ours: []string{"connectors"}},
	{
		of: "internal/stream", ours: []string{"messages", "connectors", "connectors/wire/*", "connectors/port", "internal/poll"}, others: []string{websocket},
	},
	{of: "internal/*", ours: []string{"*"}, others: []string{"*"}},
}

// forTests is what every test file may import besides: its own package, the
// helpers for tests, far ends to speak with, goleak and rapid. An example_test.go
// shows the whole and may import everything.
var forTests = rule{
	ours: []string{
		"internal/leak", "internal/need",
		"connectors/client", "connectors/memory", "connectors/connectortest", "actors/actortest",
	},
	others: []string{protobuf, websocket, "go.uber.org/goleak", "pgregory.net/rapid"},
}

// Imports finds imports that the table does not allow.
func Imports(t *Tree) (breaches []string) {
	for _, s := range t.Go {
		r, ok := ruleOf(s.Folder())
		if !ok {
			breaches = append(breaches, fmt.Sprintf("%s: the import table has no rule for package %q", s.Path, s.Folder()))
			continue
		}
		for _, spec := range s.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err == nil && !r.allows(s, name) {
				breaches = append(breaches, fmt.Sprintf("%s: %s may not import %s", t.at(spec), s.Folder(), name))
			}
		}
	}
	return breaches
}

func ruleOf(folder string) (rule, bool) {
	for _, r := range table {
		if fits(r.of, folder) {
			return r, true
		}
	}
	return rule{}, false
}

func (r rule) allows(s *Source, name string) bool {
	root, _, _ := strings.Cut(name, "/")
	if !strings.Contains(root, ".") {
		return true // the standard library
	}
	if path.Base(s.Path) == "example_test.go" {
		return true
	}
	ours, isOurs := strings.CutPrefix(name, module+"/")
	if !isOurs {
		return fitsAny(r.others, name) || s.Test() && fitsAny(forTests.others, name)
	}
	return fitsAny(r.ours, ours) ||
		s.Test() && (ours == s.Folder() || fitsAny(r.tests, ours) || fitsAny(forTests.ours, ours))
}

func fitsAny(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return fits(p, name) })
}

func fits(pattern, name string) bool {
	if pattern == "*" {
		return true
	}
	if parent, ok := strings.CutSuffix(pattern, "/*"); ok {
		return strings.HasPrefix(name, parent+"/")
	}
	return pattern == name
}

// banned are names that say nothing about what a package is for.
var banned = []string{
	"pkg", "util", "utils", "helper", "helpers", "common", "constants", "misc",
	"base", "impl", "manager", "service", "services", "facade",
}

// Names finds packages whose name is banned, and Go files at the root, which
// holds no package.
func Names(t *Tree) (breaches []string) {
	for _, s := range t.Go {
		if s.Folder() == "" {
			breaches = append(breaches, s.Path+": the root holds no package")
		}
		for _, part := range append(strings.Split(s.Folder(), "/"), s.Name.Name) {
			if slices.Contains(banned, part) {
				breaches = append(breaches, fmt.Sprintf("%s: a package named %s says nothing", s.Path, part))
				break
			}
		}
	}
	return breaches
}
