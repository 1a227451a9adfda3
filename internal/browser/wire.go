package browser

import (
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

type object = map[string]any

// wire is the connection to the browser. Tests call it from their goroutine,
// read runs in one of its own until the connection ends.
type wire struct {
	conn *websocket.Conn
	done chan struct{} // closed when read has ended

	// mu guards what follows, and writing: a test's helper is no place for an actor.
	mu         sync.Mutex
	lastID     int
	waiting    map[int]chan reply
	complaints map[string][]string // by session
}

// reply is any message from the browser: an answer if it has an id, else an event.
type reply struct {
	ID        int
	SessionID string
	Method    string
	Params    json.RawMessage
	Result    json.RawMessage
	Error     *struct{ Message string }
}

func dial(url string) (*wire, error) {
	conn, _, err := websocket.DefaultDialer.Dial(url, nil)
	if err != nil {
		return nil, fmt.Errorf("dial the browser: %w", err)
	}
	w := &wire{
		conn:       conn,
		done:       make(chan struct{}),
		waiting:    map[int]chan reply{},
		complaints: map[string][]string{},
	}
	go w.read()
	return w, nil
}

func (w *wire) close() {
	w.conn.Close()
	<-w.done
}

func (w *wire) read() {
	defer close(w.done)
	for {
		var r reply
		if err := w.conn.ReadJSON(&r); err != nil {
			return
		}
		w.take(r)
	}
}

func (w *wire) take(r reply) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if r.ID == 0 {
		if text := complaint(r); text != "" {
			w.complaints[r.SessionID] = append(w.complaints[r.SessionID], text)
		}
		return
	}
	if answer, ok := w.waiting[r.ID]; ok {
		delete(w.waiting, r.ID)
		answer <- r
	}
}

// call asks the browser, or a page by its session, and decodes the answer into result.
func (w *wire) call(session, method string, params, result any) error {
	answer, err := w.send(session, method, params)
	if err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	select {
	case r := <-answer:
		if r.Error != nil {
			return fmt.Errorf("%s: %s", method, r.Error.Message)
		}
		if result == nil {
			return nil
		}
		return json.Unmarshal(r.Result, result)
	case <-w.done:
		return fmt.Errorf("%s: the browser has gone", method)
	case <-time.After(patience):
		return fmt.Errorf("%s: no answer from the browser", method)
	}
}

func (w *wire) send(session, method string, params any) (<-chan reply, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lastID++
	message := object{"id": w.lastID, "method": method}
	if params != nil {
		message["params"] = params
	}
	if session != "" {
		message["sessionId"] = session
	}
	answer := make(chan reply, 1)
	w.waiting[w.lastID] = answer
	return answer, w.conn.WriteJSON(message)
}

// complaint is what an event says has gone wrong in a page, if it says so:
// an exception nobody caught, an error on the console, a resource missing or
// refused by the page's own policy.
func complaint(r reply) string {
	var p struct {
		ExceptionDetails struct {
			Text      string
			Exception struct{ Description string }
		}
		Entry struct{ Level, Text, URL string }
		Type  string
		Args  []struct {
			Value       any
			Description string
		}
	}
	if json.Unmarshal(r.Params, &p) != nil {
		return ""
	}
	switch {
	case r.Method == "Runtime.exceptionThrown":
		return p.ExceptionDetails.Text + " " + p.ExceptionDetails.Exception.Description
	case r.Method == "Log.entryAdded" && p.Entry.Level == "error":
		return p.Entry.Text + " " + p.Entry.URL
	case r.Method == "Runtime.consoleAPICalled" && p.Type == "error":
		return fmt.Sprint(p.Args)
	}
	return ""
}
