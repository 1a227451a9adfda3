package line_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	gorilla "github.com/gorilla/websocket"

	"github.com/fairlead-go/fairlead/cmd/robot/line"
	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
	"github.com/fairlead-go/fairlead/connectors/wire/websocket"
)

func TestServersReadWhatIsFramed(t *testing.T) {
	var all []byte
	sizes := []int{0, 1, 7, 125, 126, 1000, 0xffff, 0x10000, 100000}
	for _, n := range sizes {
		all = line.Frame(all, websocket.Binary, []byte(strings.Repeat("m", n)))
	}
	var r websocket.Reader
	for _, n := range sizes {
		m, rest, err := r.Next(all)
		if err != nil || m.Opcode != websocket.Binary || string(m.Data) != strings.Repeat("m", n) {
			t.Errorf("of %d bytes: opcode %d, %d bytes, %v", n, m.Opcode, len(m.Data), err)
		}
		all = rest
	}
	r.Rest()
}

func TestServersFramesAreTakenOffHoweverTheyAreCut(t *testing.T) {
	var wire, data []byte
	for _, n := range []int{0, 1, 125, 126, 300, 0x10000} {
		body := bytes.Repeat([]byte{byte('a' + n%7)}, n)
		wire = append(websocket.AppendHead(wire, websocket.Binary, n), body...)
		data = append(data, body...)
		wire = append(websocket.AppendHead(wire, websocket.Ping, 2), "hi"...)
		wire = websocket.AppendHead(wire, websocket.Pong, 0)
	}
	wire = append(wire, 0x02, 1, 'x', 0x80, 1, 'y') // a message in two
	data = append(data, "xy"...)
	wire = websocket.AppendClose(wire, websocket.CloseNormal, "bye")
	want := slices.Repeat([]string{"\x09hi", "\x0a"}, 6)
	want = append(want, "\x08\x03\xe8bye")
	for _, n := range []int{1, 2, 3, 7, 64, 4096, len(wire)} {
		got, controls := line.Deframe(wire, n)
		if !bytes.Equal(got, data) {
			t.Errorf("in parts of %d: %d bytes of data, want %d", n, len(got), len(data))
		}
		if !slices.Equal(controls, want) {
			t.Errorf("in parts of %d: %q, want %q", n, controls, want)
		}
	}
}

// What a client does in the end is to say so: with a close frame and no message before it.
func TestAWebSocketIsClosedInGoodOrder(t *testing.T) {
	said := make(chan string, 1)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		up := gorilla.Upgrader{}
		c, err := up.Upgrade(w, r, nil)
		if err != nil {
			said <- err.Error()
			return
		}
		defer c.Close()
		_, hello, err := c.ReadMessage()
		answer, _ := pomelo.Package{Type: pomelo.TypeHandshake, Body: []byte(plain)}.Append(nil)
		c.WriteMessage(websocket.Binary, answer)
		_, ack, bad := c.ReadMessage()
		_, _, end := c.ReadMessage()
		said <- fmt.Sprint(hello[0], err, ack[0], bad, end)
	}))
	defer s.Close()
	c, err := line.Dial(t.Context(), line.Config{Addr: "ws" + strings.TrimPrefix(s.URL, "http") + "/"}, newEar())
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	if got, want := <-said, "1 <nil> 2 <nil> websocket: close 1000 (normal)"; got != want {
		t.Errorf("the server hears %q, want %q", got, want)
	}
}
