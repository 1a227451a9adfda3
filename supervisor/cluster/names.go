package cluster

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/fairlead-go/fairlead/messages"
)

// longestName is how long what clients have a say in may be, in bytes: it becomes part of actors' names, for which
// nodes have a limit.
const longestName = 256

// checkName refuses, with code 400, identities and users that no other node could be told of, or that a line of a log
// could not show.
func checkName(what, name string) error {
	switch {
	case len(name) > longestName:
		return messages.NewError(messages.CodeBadRequest, what+" too long")
	case !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl):
		return messages.NewError(messages.CodeBadRequest, what+" is no text")
	}
	return nil
}

func isKind(name string) bool {
	return name != "" && !strings.Contains(name, "/") && checkName("kind", name) == nil
}

// checkRequest is for what goes to a virtual actor. Messages between nodes are text where they have names.
func checkRequest(identity string, r *messages.Request) error {
	if identity == "" {
		return messages.NewError(messages.CodeBadRequest, "no identity")
	}
	if !utf8.ValidString(r.GetRoute()) {
		return messages.NewError(messages.CodeBadRequest, "route is no text")
	}
	return checkName("identity", identity)
}
