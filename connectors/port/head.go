package port

import (
	"bufio"
	"bytes"
	"net/http"
	"strings"
	"sync"
)

const (
	// headSize is the longest head of a request that is looked at here: no
	// HeadBytes is less.
	headSize = 4 << 10
	// headLines is the most lines it may have.
	headLines = 64
)

// page is memory to read one request on. It is borrowed for the look only.
type page struct {
	bytes [headSize]byte
	src   bytes.Reader
	buf   *bufio.Reader // reads src
}

var pages = sync.Pool{New: func() any { return &page{buf: bufio.NewReaderSize(nil, headSize)} }}

func (p *page) giveBack() {
	p.src.Reset(nil)
	pages.Put(p)
}

// request is what the first n bytes are, if they are the whole of a request for a
// WebSocket of which net/http's server would find nothing to say. It does not alias
// them.
func (p *page) request(n int) *http.Request {
	if !neat(p.bytes[:n]) {
		return nil
	}
	p.src.Reset(p.bytes[:n])
	p.buf.Reset(&p.src)
	r, err := http.ReadRequest(p.buf)
	if err != nil || !common(r) {
		return nil
	}
	return r
}

// neat tells whether b is a head, and nothing behind it, with an Upgrade among few lines
// of printable ASCII. Most of what http.ReadRequest would make something of in vain ends
// here, at no cost.
func neat(b []byte) bool {
	b, whole := bytes.CutSuffix(b, []byte("\r\n\r\n"))
	if !whole || !bytes.HasPrefix(b, []byte("GET /")) {
		return false
	}
	lines, upgrade := 0, false
	for line := range bytes.SplitSeq(b, []byte("\r\n")) {
		if lines++; lines > headLines || !printable(line) {
			return false
		}
		if lines == 1 {
			continue
		}
		name, _, ok := bytes.Cut(line, []byte(":"))
		if !ok || bytes.IndexByte(name, ' ') >= 0 { // a folded line begins with one
			return false
		}
		upgrade = upgrade || bytes.EqualFold(name, []byte("Upgrade"))
	}
	return upgrade
}

func printable(b []byte) bool {
	for _, c := range b {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

// common tells whether r asks for a WebSocket and for nothing else, as browsers and
// libraries do.
func common(r *http.Request) bool {
	for _, name := range [...]string{"Content-Length", "Expect", "Trailer"} {
		if _, ok := r.Header[name]; ok {
			return false
		}
	}
	return r.Proto == "HTTP/1.1" && r.ContentLength == 0 && r.TransferEncoding == nil && !r.Close &&
		plainHost(r.Host) && upgrades(r) && switches(r)
}

// plainHost tells whether a Host header is there and simple.
func plainHost(s string) bool {
	return s != "" && strings.IndexFunc(s, func(c rune) bool {
		return !('0' <= c && c <= '9' || letter(byte(c)) || strings.ContainsRune(".:-_[]", c))
	}) < 0
}

// switches tells whether r's Connection header goes with its Upgrade.
func switches(r *http.Request) bool {
	for _, v := range r.Header["Connection"] {
		for option := range strings.SplitSeq(v, ",") {
			if strings.EqualFold(strings.TrimSpace(option), "upgrade") {
				return true
			}
		}
	}
	return false
}
