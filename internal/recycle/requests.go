// Package recycle keeps requests that have been handled for those that come next. A request costs more to allocate, and
// to find out that nobody has it any more, than to decode.
package recycle

import (
	"sync"

	"github.com/fairlead-go/fairlead/messages"
)

var requests = sync.Pool{New: func() any { return new(messages.Request) }}

// Request is a request with nothing in it. Who does not Free it leaves it to the collector.
func Request() *messages.Request {
	r, _ := requests.Get().(*messages.Request)
	return r
}

// Free is for who knows that nobody else has r. What it refers to is not used again.
func Free(r *messages.Request) {
	r.Reset()
	requests.Put(r)
}
