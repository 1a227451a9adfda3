package mqtt

import (
	"strings"
	"unicode/utf8"
)

// ValidTopic tells whether s is the name of a topic: UTF-8 without U+0000, "+" and "#", of 1 to 65,535
// bytes.
func ValidTopic(s string) bool {
	return len(s) <= maxText && utf8.ValidString(s) && plain(s)
}

// plain is ValidTopic but for length and UTF-8.
func plain[T string | []byte](s T) bool {
	for i := range len(s) {
		if c := s[i]; c == '+' || c == '#' || c == 0 {
			return false
		}
	}
	return len(s) > 0
}

// ValidFilter tells whether s is a topic filter: UTF-8 without U+0000, of 1 to 65,535 bytes, in which "+"
// stands for a whole level and "#" for all that is left, at the end. A shared one ("$share/group/filter")
// must name a group, without wildcards, and a filter.
func ValidFilter(s string) bool {
	if shared, ok := strings.CutPrefix(s, sharePrefix); ok {
		group, filter, ok := strings.Cut(shared, "/")
		return ok && len(s) <= maxText && ValidTopic(group) && ValidFilter(filter)
	}
	if s == "" || len(s) > maxText || !utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0 {
		return false
	}
	for {
		level, rest, more := strings.Cut(s, "/")
		if len(level) > 1 && strings.ContainsAny(level, "+#") || level == "#" && more {
			return false
		}
		if !more {
			return true
		}
		s = rest
	}
}

const sharePrefix = "$share/"

// Shared tells whether a filter asks for a subscription that clients share.
func Shared(filter string) bool { return strings.HasPrefix(filter, sharePrefix) }

// Match tells whether a valid filter takes in a topic. "+" takes one level, "#" any number and the level
// above; neither takes the first level of a topic that begins with "$". A shared filter takes in nothing.
func Match(filter, topic string) bool {
	if strings.HasPrefix(topic, "$") && (strings.HasPrefix(filter, "+") || strings.HasPrefix(filter, "#")) {
		return false
	}
	for {
		f, filterRest, moreFilter := strings.Cut(filter, "/")
		if f == "#" {
			return true
		}
		t, topicRest, moreTopic := strings.Cut(topic, "/")
		if f != "+" && f != t {
			return false
		}
		if !moreTopic {
			return !moreFilter || filterRest == "#"
		}
		if !moreFilter {
			return false
		}
		filter, topic = filterRest, topicRest
	}
}
