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
	if !bytes.Contains(body, []byte(`"cookie"`)) || !json.Valid(body) {
		return "", false
	}
	value := valueOf(valueOf(body, "sys"), "cookie")
	if len(value) == 0 {
		return "", false
	}
	if value[0] != '"' {
		return "", true
	}
	return string(appendUnquoted(nil, value[1:len(value)-1])), true
}

// valueOf is the last one of the members of that name in an object; nil if there is none.
func valueOf(object []byte, name string) (value []byte) {
	eachMember(object, func(n, v []byte) {
		if string(n) == name {
			value = v
		}
	})
	return value
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
