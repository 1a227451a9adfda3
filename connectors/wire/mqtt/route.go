package mqtt

import (
	"bytes"
	"strings"
)

// Topics of requests, responses and pushes in route mode (P20.1).
const (
	RequestPrefix  = "pomelo/req/"  // then an id of the client's, "/" and the route
	ResponsePrefix = "pomelo/res/"  // then that id
	PushPrefix     = "pomelo/push/" // then the route
)

// Route is the route that a topic names: "a/b/c" is "a.b.c", and so is "a.b.c".
func Route(topic []byte) string {
	return strings.ReplaceAll(string(topic), "/", ".")
}

// CutRequest reads the topic of a request, "pomelo/req/<id>/<route>". The id is any text without "/"; neither
// part is empty. Both alias topic.
func CutRequest(topic []byte) (id, route []byte, ok bool) {
	if len(topic) < len(RequestPrefix) || string(topic[:len(RequestPrefix)]) != RequestPrefix {
		return nil, nil, false
	}
	id, route, ok = bytes.Cut(topic[len(RequestPrefix):], []byte{'/'})
	return id, route, ok && len(id) > 0 && len(route) > 0
}
