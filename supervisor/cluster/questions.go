package cluster

import (
	"context"
	"sync"

	"google.golang.org/protobuf/proto"
)

// questions are what this node has asked others and has no answer to yet. A mutex guards them: askers and
// streams meet here.
type questions struct {
	mu   sync.Mutex
	last uint64
	open map[uint64]question
}

// question is one that has been put to a node.
type question struct {
	to      string // its address
	answers chan proto.Message
}

// answersKept is how many answers to one question may wait for its asker.
const answersKept = 256

// ask numbers a question to a node. Its asker closes it.
func (q *questions) ask(to string) (number uint64, answers <-chan proto.Message) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.open == nil {
		q.open = map[uint64]question{}
	}
	q.last++
	c := make(chan proto.Message, answersKept)
	q.open[q.last] = question{to, c}
	return q.last, c
}

func (q *questions) close(number uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.open, number)
}

// answer hands an answer to its asker, if that still waits, and has asked that node. One that does not keep up gets no
// more: it must not take a part for all.
func (q *questions) answer(from string, number uint64, m proto.Message) {
	q.mu.Lock()
	defer q.mu.Unlock()
	asked, ok := q.open[number]
	if !ok || asked.to != from {
		return
	}
	select {
	case asked.answers <- m:
	default:
		delete(q.open, number)
	}
}

// next waits for an answer.
func next(ctx context.Context, answers <-chan proto.Message) (proto.Message, error) {
	select {
	case m := <-answers:
		return m, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}
