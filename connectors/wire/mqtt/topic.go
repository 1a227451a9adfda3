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
	return len(s) <= maxText && utf8.ValidString(s) && ranges(s) && (!Shared(s) || shares(s))
}

// ranges is ValidFilter but for length, UTF-8 and sharing.
func ranges[T string | []byte](s T) bool {
	for i := range len(s) {
		first, last := i == 0 || s[i-1] == '/', i == len(s)-1
		switch s[i] {
		case 0:
			return false
		case '+':
			if !first || !last && s[i+1] != '/' {
				return false
			}
		case '#':
			if !first || !last {
				return false
			}
		}
	}
	return len(s) > 0
}

const sharePrefix = "$share/"

// Shared tells whether a filter asks, in version 5, for a subscription that clients share.
func Shared[T string | []byte](filter T) bool {
	return len(filter) >= len(sharePrefix) && string(filter[:len(sharePrefix)]) == sharePrefix
}

// shares tells whether a shared filter names a group and a filter.
func shares[T string | []byte](filter T) bool {
	rest := filter[len(sharePrefix):]
	for i := range len(rest) {
		switch rest[i] {
		case '+', '#':
			return false
		case '/':
			return i > 0 && i < len(rest)-1
		}
	}
	return false
}

// Match tells whether a valid filter takes in a topic. "+" takes one level, "#" any number and the level
// above; neither takes the first level of a topic that begins with "$". A shared filter has no meaning here.
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
