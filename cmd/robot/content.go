package main

// fill appends to mark, plain letters and digits, until there are size bytes.
func fill(mark string, size int) []byte {
	b := make([]byte, 0, max(size, len(mark)))
	b = append(b, mark...)
	for len(b) < size {
		b = append(b, 'x')
	}
	return b
}

// contentBody is {"content":…}. What fill makes needs no escaping, and comes
// back from a server that decodes and encodes it as it was.
func contentBody(content []byte) []byte {
	b := make([]byte, 0, len(content)+len(`{"content":""}`))
	b = append(b, `{"content":"`...)
	b = append(b, content...)
	return append(b, `"}`...)
}
