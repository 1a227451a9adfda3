package main

import "strconv"

// contents makes bodies: {"content":…} with text that is another for each request, plain letters and
// digits that need no escaping and come back as they were from a server that decodes and encodes them.
type contents struct {
	name string // of the client
	size int
	buf  []byte
}

const (
	contentHead = `{"content":"`
	contentTail = `"}`
)

// body is that of the request with this id. It is valid until the next call.
func (c *contents) body(id uint64) []byte {
	b := append(c.buf[:0], contentHead...)
	b = append(c.text(b, id), contentTail...)
	c.buf = b
	return b
}

// content is what is in it.
func (c *contents) content(id uint64) []byte {
	c.buf = c.text(c.buf[:0], id)
	return c.buf
}

func (c *contents) text(dst []byte, id uint64) []byte {
	start := len(dst)
	dst = append(append(dst, c.name...), '.')
	dst = append(strconv.AppendUint(dst, id, 10), ';')
	return pad(dst, c.size-(len(dst)-start))
}

const letters = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

// pad appends n letters.
func pad(dst []byte, n int) []byte {
	for ; n > len(letters); n -= len(letters) {
		dst = append(dst, letters...)
	}
	return append(dst, letters[:max(n, 0)]...)
}
