package main

import (
	"fmt"
	"testing"

	"github.com/fairlead-go/fairlead/internal/browser"
	"github.com/fairlead-go/fairlead/internal/need"
)

// The page's own codec, in the browser that runs it.
func TestPagesWire(t *testing.T) {
	tests := map[string]struct{ js, want string }{
		"a package without a body":    {`hex(w.encodePackage(2))`, "02000000"},
		"a package of 300 bytes":      {`hex(w.encodePackage(4, new Uint8Array(300))).slice(0, 12)`, "0400012c0000"},
		"a package over 16 MiB":       {`w.encodePackage(4, new Uint8Array(1 << 24))`, "pomelo: body over 16 MiB"},
		"a request":                   {`hex(w.encodeMessage(1, "a.b", { x: 1 }))`, "000103612e627b2278223a317d"},
		"a request with a long id":    {`hex(w.encodeMessage(300, "a", {}))`, "00ac0201617b7d"},
		"a request with a longer id":  {`hex(w.encodeMessage(2 ** 28, "a", {}))`, "00808080800101617b7d"},
		"a notify":                    {`hex(w.encodeMessage(0, "a", {}))`, "0201617b7d"},
		"a route over 255 bytes":      {`w.encodeMessage(1, "a".repeat(256), {})`, "pomelo: route over 255 bytes"},
		"two packages in one message": {`w.decodePackages(bytes("03000000040000020405")).map((p) => p.type + ":" + hex(p.body)).join()`, "3:,4:0405"},
		"half a head":                 {`w.decodePackages(bytes("0400"))`, "pomelo: short package"},
		"half a body":                 {`w.decodePackages(bytes("0400000204"))`, "pomelo: short package"},
		"a response":                  {`JSON.stringify(w.decodeMessage(bytes("04ac027b2261223a317d")))`, `{"type":2,"id":300,"body":{"a":1}}`},
		"a response without a body":   {`JSON.stringify(w.decodeMessage(bytes("0401")))`, `{"type":2,"id":1,"body":{}}`},
		"a push":                      {`JSON.stringify(w.decodeMessage(bytes("060261627b7d")))`, `{"type":3,"route":"ab","body":{}}`},
		"a push cut short":            {`w.decodeMessage(bytes("060561"))`, "pomelo: short message"},
		"a push without a route":      {`w.decodeMessage(bytes("06"))`, "pomelo: short message"},
		"a push with a route code":    {`w.decodeMessage(bytes("0700017b7d"))`, "pomelo: unexpected message"},
		"an id that never ends":       {`w.decodeMessage(bytes("04ffffffffffffff"))`, "pomelo: endless id"},
		"an id cut short":             {`w.decodeMessage(bytes("04ff"))`, "pomelo: endless id"},
		"nothing":                     {`w.decodeMessage(bytes(""))`, "pomelo: empty message"},
	}
	inPage(t, "/wire.js", tests)
}

// The same of the page as a socket.io client.
func TestPagesPackets(t *testing.T) {
	tests := map[string]struct{ js, want string }{
		"who comes in":                {`w.encodeConnect({ name: "Ada" })`, `40{"name":"Ada"}`},
		"an event":                    {`w.encodeEvent(0, "a.b", { x: 1 })`, `42["a.b",{"x":1}]`},
		"an event to be acknowledged": {`w.encodeEvent(12, "a.b")`, `4212["a.b",{}]`},
		"the engine's handshake":      {`JSON.stringify(w.decodePacket('0{"sid":"x"}'))`, `{"engine":"0","data":{"sid":"x"}}`},
		"a ping":                      {`JSON.stringify(w.decodePacket("2"))`, `{"engine":"2"}`},
		"an acknowledgement":          {`JSON.stringify(w.decodePacket('4312[{"a":1}]'))`, `{"engine":"4","type":"3","id":12,"data":[{"a":1}]}`},
		"a push":                      {`JSON.stringify(w.decodePacket('42["ab","\\n"]'))`, `{"engine":"4","type":"2","id":0,"data":["ab","\n"]}`},
		"a farewell":                  {`w.decodePacket("41").type`, "1"},
		"nothing":                     {`w.decodePacket("")`, "socket.io: unknown packet"},
		"no packet":                   {`w.decodePacket("x")`, "socket.io: unknown packet"},
		"no message":                  {`w.decodePacket("49")`, "socket.io: unknown message"},
		"another namespace":           {`w.decodePacket("42/a,[]")`, "socket.io: unknown message"},
		"attachments":                 {`w.decodePacket('451-["a",{"_placeholder":true,"num":0}]')`, "socket.io: unknown message"},
		"bytes":                       {`w.decodePacket(bytes("00"))`, "socket.io: bytes"},
	}
	inPage(t, "/packets.js", tests)
}

// inPage runs JavaScript with a module of the page as w, and compares what it makes, or why it fails.
func inPage(t *testing.T, module string, tests map[string]struct{ js, want string }) {
	p := browser.Start(t, need.Program(t, "chromium")).Open("http://" + serve(t) + "/healthz")
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			const run = `(async () => {
				const w = await import("%s");
				const hex = (b) => [...b].map((n) => n.toString(16).padStart(2, "0")).join("");
				const bytes = (s) => Uint8Array.from(s.match(/../g) ?? [], (h) => parseInt(h, 16));
				try { return %s } catch (err) { return err.message }
			})()`
			var got string
			p.Eval(fmt.Sprintf(run, module, tt.js), &got)
			if got != tt.want {
				t.Errorf("%s = %s, want %s", tt.js, got, tt.want)
			}
		})
	}
}
