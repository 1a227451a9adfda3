// Package messages is the vocabulary of fairlead: what travels between sockets,
// routes and batchers, on one node and between nodes. A message is never
// changed after it is sent.
package messages

import "time"

// How a body is written: short names for the generated ones.
const (
	JSON     = Encoding_ENCODING_JSON
	Protobuf = Encoding_ENCODING_PROTOBUF
	Raw      = Encoding_ENCODING_RAW
)

// Reply makes the Response that answers r. It keeps body, which is written as
// r's own body was.
func (r *Request) Reply(body []byte) *Response {
	return &Response{Seq: r.Seq, Body: body, Encoding: r.Encoding}
}

// Fail makes the Response that tells r's client of err: err itself if it is,
// or wraps, an *Error, and code 500 without a word otherwise.
func (r *Request) Fail(err error) *Response {
	return &Response{Seq: r.Seq, Error: AsError(err)}
}

// Expires tells when r expires, the zero time if never.
func (r *Request) Expires() time.Time {
	if r.Deadline == 0 {
		return time.Time{}
	}
	return time.Unix(0, r.Deadline)
}
