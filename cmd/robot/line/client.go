package line

import (
	"context"
	"sync"

	"github.com/fairlead-go/fairlead/connectors/client"
)

// far is a Line that stands on package client: a goroutine for each request, instead of none.
type far struct {
	ear Ear
	*client.Client

	hearing sync.Mutex // answers and pushes come from several goroutines; the Ear hears one at a time
	asking  sync.WaitGroup
}

func dialClient(ctx context.Context, cfg Config, ear Ear) (Line, error) {
	l := &far{ear: ear}
	c := client.Config{
		Addr: cfg.Addr, Type: "robot", TLS: cfg.TLS, NetDial: cfg.NetDial,
		Push: func(_ string, body []byte) { l.push(body) },
	}
	if len(cfg.User) > 0 {
		c.User = cfg.User
	}
	var err error
	l.Client, err = client.Dial(ctx, c)
	if err != nil {
		return nil, err
	}
	return l, nil
}

func (l *far) push(body []byte) {
	l.hearing.Lock()
	defer l.hearing.Unlock()
	l.ear.Push(body)
}

// Request is for Line.
func (l *far) Request(id uint64, route string, body []byte) error {
	if err := l.Err(); err != nil {
		return err
	}
	body = append([]byte{}, body...)
	l.asking.Go(func() {
		answer, err := l.Client.Request(context.Background(), route, body)
		if err != nil {
			return // it has ended, and no answer comes
		}
		l.hearing.Lock()
		defer l.hearing.Unlock()
		l.ear.Answer(id, answer)
	})
	return nil
}

// Notify is for Line.
func (l *far) Notify(route string, body []byte) error {
	return l.Client.Notify(route, append([]byte{}, body...))
}

// Close is for Line.
func (l *far) Close() {
	_ = l.Client.Close() // it says nothing else than nil
	<-l.Done()
	l.asking.Wait()
}
