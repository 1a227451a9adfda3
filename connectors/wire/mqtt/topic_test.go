package mqtt_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/fairlead-go/fairlead/connectors/wire/mqtt"
)

func TestTopicNames(t *testing.T) { // P20.2
	for topic, want := range map[string]bool{
		"a": true, "a/b": true, "/": true, "/a": true, "a//b": true, " ": true, "$SYS/a": true, "é/中/😀": true,
		strings.Repeat("a", 65535): true, strings.Repeat("a", 65536): false,
		"": false, "+": false, "a/+": false, "a+": false, "#": false, "a/#": false, "a\x00": false, "\xff": false, "a\xed\xa0\x80": false,
	} {
		if got := mqtt.ValidTopic(topic); got != want {
			t.Errorf("ValidTopic(%.20q) = %v", topic, got)
		}
	}
}

func TestTopicFilters(t *testing.T) { // P20.2
	for filter, want := range map[string]bool{
		"a": true, "a/b": true, "/": true, "+": true, "#": true, "+/a": true, "a/+/b": true, "a/#": true, "+/+": true, "/+": true, "/#": true,
		"+/#": true, "$SYS/#": true, "$share": true, "$sharex/+/a": true, "$share/g/a": true, "$share/g/#": true, "$share/g/+/a": true,
		strings.Repeat("a", 65535): true, strings.Repeat("a", 65536): false,
		"": false, "a+": false, "+a": false, "a/+b": false, "a/b+/c": false, "a#": false, "#/a": false, "a/#/b": false, "#a": false, "##": false,
		"++": false, "a\x00": false, "\xff": false,
		"$share/": false, "$share/g": false, "$share/g/": false, "$share//a": false, "$share/+/a": false, "$share/g#/a": false, "$share/#": false,
	} {
		if got := mqtt.ValidFilter(filter); got != want {
			t.Errorf("ValidFilter(%.20q) = %v", filter, got)
		}
	}
}

func TestMatch(t *testing.T) { // P20.1
	for filter, topics := range map[string]map[string]bool{
		"a":            {"a": true, "b": false, "a/b": false, "/a": false, "a/": false, "ab": false},
		"a/b":          {"a/b": true, "a": false, "a/b/c": false, "a/c": false},
		"+":            {"a": true, "a/b": false, "/a": false, "$SYS": false},
		"+/+":          {"a/b": true, "/a": true, "/": true, "a": false, "$SYS/a": false},
		"/+":           {"/a": true, "/": true, "a": false},
		"a/+":          {"a/b": true, "a/": true, "a": false, "a/b/c": false, "a/$b": true},
		"a/+/c":        {"a/b/c": true, "a//c": true, "a/b/d": false, "a/c": false},
		"#":            {"a": true, "a/b": true, "/": true, "$SYS": false, "$SYS/a": false, "": true},
		"a/#":          {"a": true, "a/": true, "a/b": true, "a/b/c": true, "ab": false, "b": false, "": false},
		"+/#":          {"a": true, "a/b": true, "$a/b": false},
		"/#":           {"/": true, "/a": true, "a": false},
		"a/+/#":        {"a/b": true, "a/b/c": true, "a": false},
		"$SYS/#":       {"$SYS": true, "$SYS/a": true, "SYS/a": false},
		"$SYS/+":       {"$SYS/a": true, "$SYS": false},
		"$share/g/a":   {"a": false, "$share/g/a": true},
		"sport/tennis": {"sport/Tennis": false, "sport/tennis": true},
	} {
		for topic, want := range topics {
			if got := mqtt.Match(filter, topic); got != want {
				t.Errorf("Match(%q, %q) = %v", filter, topic, got)
			}
		}
	}
}

// matches is Match as the standard says it, level by level.
func matches(filter, topic []string) bool {
	switch {
	case len(filter) == 1 && filter[0] == "#":
		return true
	case len(filter) == 0 || len(topic) == 0:
		return len(filter) == len(topic)
	}
	return (filter[0] == "+" || filter[0] == topic[0]) && matches(filter[1:], topic[1:])
}

func TestMatchIsWhatTheStandardSays(t *testing.T) {
	level := rapid.SampledFrom([]string{"", "a", "b", "$a"})
	pattern := rapid.SampledFrom([]string{"", "a", "b", "$a", "+", "+"})
	rapid.Check(t, func(t *rapid.T) {
		topic := rapid.SliceOfN(level, 1, 5).Draw(t, "topic")
		filter := rapid.SliceOfN(pattern, 1, 5).Draw(t, "filter")
		if rapid.Bool().Draw(t, "open") {
			filter = append(filter, "#")
		}
		want := matches(filter, topic)
		if strings.HasPrefix(topic[0], "$") && (filter[0] == "+" || filter[0] == "#") {
			want = false
		}
		f, n := strings.Join(filter, "/"), strings.Join(topic, "/")
		if !mqtt.ValidFilter(f) && f != "" {
			t.Fatalf("%q is no filter", f)
		}
		if got := mqtt.Match(f, n); got != want {
			t.Errorf("Match(%q, %q) = %v", f, n, got)
		}
	})
}

func TestTopicsNameRoutes(t *testing.T) {
	for topic, want := range map[string]string{"a/b/c": "a.b.c", "a.b.c": "a.b.c", "a/b.c": "a.b.c", "a": "a", "/a": ".a"} {
		if got := mqtt.Route([]byte(topic)); got != want {
			t.Errorf("%q is route %q, want %q", topic, got, want)
		}
	}
}

func TestTopicsOfRequests(t *testing.T) {
	for topic, want := range map[string][2]string{
		"pomelo/req/7/a.b.c":    {"7", "a.b.c"},
		"pomelo/req/x-1/a/b/c":  {"x-1", "a/b/c"},
		"pomelo/req/7/":         {},
		"pomelo/req/7":          {},
		"pomelo/req//a":         {},
		"pomelo/req/":           {},
		"pomelo/req":            {},
		"pomelo/push/7/a":       {},
		"xpomelo/req/7/a":       {},
		"pomelo/req/7//a":       {"7", "/a"},
		"pomelo/req/中/a":        {"中", "a"},
		"pomelo/request/7/a.b":  {},
		"pomelo/req/7/a.b.c/..": {"7", "a.b.c/.."},
	} {
		id, route, ok := mqtt.CutRequest([]byte(topic))
		if got := [2]string{string(id), string(route)}; ok && got != want || ok != (want != [2]string{}) {
			t.Errorf("%q is %q, %v, want %q", topic, got, ok, want)
		}
	}
}
