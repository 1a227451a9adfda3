package socketio_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/socketio"
)

func TestPackets(t *testing.T) {
	type packet = socketio.Packet
	for name, c := range map[string]struct {
		text string
		want packet
		sent string // if it is written otherwise
	}{
		"a connect":                    {text: `0`, want: packet{Type: socketio.Connect}},
		"a connect with more":          {text: `0{"a":1}`, want: packet{Type: socketio.Connect, Data: []byte(`{"a":1}`)}},
		"a connect elsewhere":          {text: `0/admin,`, want: packet{Type: socketio.Connect, Namespace: []byte("/admin")}},
		"without its comma":            {text: `0/admin`, want: packet{Type: socketio.Connect, Namespace: []byte("/admin")}, sent: `0/admin,`},
		"with a query":                 {text: `0/a?b=c&d,{}`, want: packet{Type: socketio.Connect, Namespace: []byte("/a"), Query: []byte("b=c&d"), Data: []byte(`{}`)}},
		"with a query alone":           {text: `0/?b=c`, want: packet{Type: socketio.Connect, Query: []byte("b=c")}, sent: `0/?b=c,`},
		"the main namespace by name":   {text: `2/,["a"]`, want: packet{Type: socketio.Event, Data: []byte(`["a"]`)}, sent: `2["a"]`},
		"a disconnect":                 {text: `1/admin,`, want: packet{Type: socketio.Disconnect, Namespace: []byte("/admin")}},
		"an event":                     {text: `2["message","x"]`, want: packet{Type: socketio.Event, Data: []byte(`["message","x"]`)}},
		"an event with an id":          {text: `217["a.b",{}]`, want: packet{Type: socketio.Event, ID: 17, HasID: true, Data: []byte(`["a.b",{}]`)}},
		"the id zero":                  {text: `20["a"]`, want: packet{Type: socketio.Event, HasID: true, Data: []byte(`["a"]`)}},
		"all there is":                 {text: `51-/admin,12["a"]`, want: packet{Type: socketio.BinaryEvent, Attachments: 1, Namespace: []byte("/admin"), ID: 12, HasID: true, Data: []byte(`["a"]`)}},
		"an acknowledgement":           {text: `317[{"code":200}]`, want: packet{Type: socketio.Ack, ID: 17, HasID: true, Data: []byte(`[{"code":200}]`)}},
		"an acknowledgement in bytes":  {text: `61-3[{"_placeholder":true,"num":0}]`, want: packet{Type: socketio.BinaryAck, Attachments: 1, ID: 3, HasID: true, Data: []byte(`[{"_placeholder":true,"num":0}]`)}},
		"no attachments":               {text: `50-["a"]`, want: packet{Type: socketio.BinaryEvent, Data: []byte(`["a"]`)}},
		"an error":                     {text: `4/nope,{"message":"Invalid namespace"}`, want: packet{Type: socketio.ConnectError, Namespace: []byte("/nope"), Data: []byte(`{"message":"Invalid namespace"}`)}},
		"the largest id":               {text: `218446744073709551615["a"]`, want: packet{Type: socketio.Event, ID: 1<<64 - 1, HasID: true, Data: []byte(`["a"]`)}},
		"an id without anything":       {text: `212`, want: packet{Type: socketio.Event, ID: 12, HasID: true}},
		"a comma that is not its own":  {text: `2["a,b"]`, want: packet{Type: socketio.Event, Data: []byte(`["a,b"]`)}},
		"a name that looks like a nsp": {text: `2["/a"]`, want: packet{Type: socketio.Event, Data: []byte(`["/a"]`)}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := socketio.Decode([]byte(c.text))
			if len(got.Data) == 0 {
				got.Data = nil
			}
			if err != nil || !reflect.DeepEqual(got, c.want) {
				t.Fatalf("packet = %+v, %v, want %+v", got, err, c.want)
			}
			if c.sent == "" {
				c.sent = c.text
			}
			if c.want.Query != nil && c.want.Namespace == nil {
				return // a query of the main namespace is in the URL
			}
			if sent := got.Append(nil); string(sent) != c.sent {
				t.Errorf("written: %s, want %s", sent, c.sent)
			}
		})
	}
}

func TestWhatIsNoPacket(t *testing.T) {
	for text, want := range map[string]error{
		``:                                   socketio.ErrType,
		`7`:                                  socketio.ErrType,
		`/`:                                  socketio.ErrType,
		`x["a"]`:                             socketio.ErrType,
		`5["a"]`:                             socketio.ErrAttachments,
		`5-["a"]`:                            socketio.ErrAttachments,
		`51["a"]`:                            socketio.ErrAttachments,
		`51`:                                 socketio.ErrAttachments,
		`5`:                                  socketio.ErrAttachments,
		`5-1-["a"]`:                          socketio.ErrAttachments,
		`51.5-["a"]`:                         socketio.ErrAttachments,
		`5999999999999999999999-["a"]`:       socketio.ErrAttachments,
		`218446744073709551616["a"]`:         socketio.ErrID,
		`2` + strings.Repeat("9", 100) + `[`: socketio.ErrID,
	} {
		if p, err := socketio.Decode([]byte(text)); !errors.Is(err, want) || !errors.Is(err, connectors.ErrMalformed) {
			t.Errorf("%s: %+v, %v, want %v", text, p, err, want)
		}
	}
}

func TestAClientSaysWhoItIs(t *testing.T) {
	for name, c := range map[string]struct {
		text, auth string
		mode       socketio.Mode
		err        error
	}{
		"nothing":                    {text: `0`},
		"an object":                  {text: `0{"token":"x"}`, auth: `{"token":"x"}`},
		"blanks around it":           {text: "0/a, {}\n", auth: `{}`},
		"pomelo mode":                {text: `0{"mode":"pomelo"}`, auth: `{"mode":"pomelo"}`, mode: socketio.Pomelo},
		"event mode":                 {text: `0{"a":{"mode":"pomelo"},"mod\u0065" : "event"}`, auth: `{"a":{"mode":"pomelo"},"mod\u0065" : "event"}`, mode: socketio.Events},
		"a mode of the application":  {text: `0{"mode":"ranked"}`, auth: `{"mode":"ranked"}`},
		"a mode that is not text":    {text: `0{"mode":1}`, auth: `{"mode":1}`},
		"a list":                     {text: `0[]`, err: socketio.ErrPayload},
		"a text":                     {text: `0"x"`, err: socketio.ErrPayload},
		"half an object":             {text: `0{"a":`, err: socketio.ErrPayload},
		"blanks":                     {text: `0 `, err: socketio.ErrPayload},
		"three levels":               {text: `0{"a":[[]]}`, auth: `{"a":[[]]}`},
		"four levels":                {text: `0{"a":[[[]]]}`, err: socketio.ErrDepth},
		"many levels that never end": {text: `0` + strings.Repeat(`{"a":`, 1000), err: socketio.ErrDepth},
	} {
		p, err := socketio.Decode([]byte(c.text))
		if err != nil {
			t.Fatal(err)
		}
		auth, mode, err := p.Auth(3)
		if string(auth) != c.auth || mode != c.mode || !errors.Is(err, c.err) {
			t.Errorf("%s: %s, %d, %v, want %s, %d, %v", name, auth, mode, err, c.auth, c.mode, c.err)
		}
	}
}
