package pomelo

import (
	"bytes"
	"encoding/json"
)

// CodeCookie is the code of a handshake's answer that only asks: say it again, with this
// cookie (P19.4).
const CodeCookie = 428

// Cookie is the member sys.cookie of a handshake's body, a client's or its answer; empty when it
// is no text. It is not there in those of clients that know none, whose bodies cost a search
// and no more. The name must be written without escapes.
func Cookie(body []byte) (cookie string, there bool) {
	if !bytes.Contains(body, []byte(`"cookie"`)) {
		return "", false
	}
	var hello, sys map[string]json.RawMessage // and no struct: names are told apart by case
	if json.Unmarshal(body, &hello) != nil || json.Unmarshal(hello["sys"], &sys) != nil {
		return "", false
	}
	text, there := sys["cookie"]
	if json.Unmarshal(text, &cookie) != nil {
		cookie = ""
	}
	return cookie, there
}

// AppendChallenge appends the package that asks a client to say its handshake again, with
// the cookie.
func AppendChallenge(dst []byte, cookie string) []byte {
	start := len(dst)
	dst = appendHeader(dst, TypeHandshake, 0)
	dst = append(dst, `{"code":428,"sys":{"cookie":`...)
	dst = appendString(dst, cookie)
	dst, _ = closeHeader(append(dst, "}}"...), start) // fails only for what is too long
	return dst
}

// AppendRefusal appends the package that refuses a handshake with a code (P4.3).
func AppendRefusal(dst []byte, code int32) []byte {
	start := len(dst)
	dst = appendHeader(dst, TypeHandshake, 0)
	dst, _ = closeHeader(appendError(dst, code, ""), start) // fails only for what is too long
	return dst
}
