package main

import (
	"bytes"
	"flag"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"math"
	"os"
	"testing"

	"github.com/fairlead-go/fairlead/internal/browser"
	"github.com/fairlead-go/fairlead/internal/need"
)

// shot makes the picture of the README:
//
//	go test ./cmd/demo -run TestTwoWindows -shot ../../docs/img/demo.png
var shot = flag.String("shot", "", "where to save a screenshot of two players")

// wide is the window of the README's picture.
var wide = browser.View{Width: 1180, Height: 700, Scale: 1.25}

// board opens a window on the page and plays under a name.
func board(b *browser.Browser, addr, name string) *browser.Page {
	return play(b, "http://"+addr+"/?name="+name)
}

// boardIO does so with a window that is a socket.io client.
func boardIO(b *browser.Browser, addr, name string) *browser.Page {
	return play(b, "http://"+addr+"/?client=socket.io&name="+name)
}

func play(b *browser.Browser, url string) *browser.Page {
	p := b.Open(url)
	p.Look(wide)
	p.Until(`document.querySelector(".dot.me") && document.getElementById("curtain").hidden`)
	return p
}

// say types into the chat as a player does.
func say(p *browser.Page, text string) {
	p.Click("#say-text")
	p.Type(text)
	p.Press("Enter")
}

// dotAt is a condition: the dot of that name is about there on the field, in thousandths.
func dotAt(name string, x, y int) string {
	return fmt.Sprintf(`(() => {
		const field = document.getElementById("field").getBoundingClientRect();
		const dot = document.querySelector('.dot[data-name="%s"]').getBoundingClientRect();
		const near = (is, want) => Math.abs(is * 1000 - want) < 15;
		return near((dot.x - field.x) / field.width, %d) && near((dot.y - field.y) / field.height, %d);
	})()`, name, x, y)
}

// point moves the mouse to a place on the field, in thousandths.
func point(p *browser.Page, x, y float64) {
	var field struct{ X, Y, Width, Height float64 }
	p.Eval(`document.getElementById("field").getBoundingClientRect().toJSON()`, &field)
	p.Point(field.X+field.Width*x/1000, field.Y+field.Height*y/1000)
}

type boarding = func(b *browser.Browser, addr, name string) *browser.Page

func TestTwoWindowsMeetChatMoveAndKick(t *testing.T) {
	tests := map[string]struct{ ada, grace boarding }{
		"pomelo":                 {board, board},
		"pomelo kicks socket.io": {board, boardIO},
		"socket.io kicks pomelo": {boardIO, board},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { meet(t, tt.ada, tt.grace) })
	}
}

// meet has two windows see and hear all that there is of each other.
func meet(t *testing.T, first, second boarding) {
	addr := serve(t)
	b := browser.Start(t, need.Program(t, "chromium"))
	ada := first(b, addr, "Ada")
	ada.Until(`!document.getElementById("alone").hidden`)
	grace := second(b, addr, "Grace")

	ada.Until(`document.querySelectorAll(".player").length === 2 && document.getElementById("alone").hidden`)
	grace.Until(`document.querySelectorAll(".player").length === 2`)
	for _, p := range []*browser.Page{ada, grace} {
		p.Until(`document.getElementById("status-text").textContent === "Connected"`)
		p.Until(`/^[0-9.]+ ms$/.test(document.getElementById("latency-ms").textContent)`)
	}

	say(ada, "Hello Grace!")
	heard := `[...document.querySelectorAll(".line:not(.note)")].some((l) => l.querySelector(".who").textContent === "Ada" && l.querySelector(".what").textContent === "Hello Grace!")`
	grace.Until(heard)
	ada.Until(heard)
	grace.Until(`document.querySelector('.dot[data-name="Ada"].says .bubble').textContent === "Hello Grace!"`)

	point(ada, 250, 700)
	ada.Until(dotAt("Ada", 250, 700))
	grace.Until(dotAt("Ada", 250, 700))

	point(grace, 500, 500)
	ada.Until(dotAt("Grace", 500, 500))
	grace.Eval(`document.getElementById("field").focus()`, nil)
	grace.Down("ArrowRight")
	ada.Until(`document.querySelector('.dot[data-name="Grace"]').getBoundingClientRect().x > document.getElementById("field").getBoundingClientRect().width * 0.6`)
	grace.Up("ArrowRight")

	ada.Click(`.kick[aria-label="Kick Grace"]`)
	ada.Until(`document.getElementById("kick").open`)
	ada.Click("#kick-reason")
	ada.Type("You won <b>too</b> often.")
	ada.Press("Enter")
	grace.Until(`document.getElementById("status-text").textContent === "Kicked: You won <b>too</b> often."`)
	if got, want := grace.Text("#card-reason"), "You won <b>too</b> often."; got != want {
		t.Errorf("the kicked window's reason = %q, want %q", got, want)
	}
	ada.Until(`document.querySelectorAll(".dot").length === 1 && document.querySelectorAll(".player").length === 1`)
	ada.Until(`document.getElementById("lines").textContent.includes("Grace left: kicked, You won <b>too</b> often.")`)

	grace.Click("#card-go")
	ada.Until(`document.querySelectorAll(".player").length === 2`)
	grace.Until(`document.getElementById("curtain").hidden && document.querySelector(".dot.me")`)

	for name, p := range map[string]*browser.Page{"Ada": ada, "Grace": grace} {
		if bad := p.Complaints(); len(bad) > 0 {
			t.Errorf("%s's window complains: %q", name, bad)
		}
	}
}

func TestWindowAsksForANameFirst(t *testing.T) {
	b := browser.Start(t, need.Program(t, "chromium"))
	p := b.Open("http://" + serve(t) + "/")
	p.Until(`!document.getElementById("curtain").hidden && document.getElementById("name").value !== ""`)
	p.Eval(`document.getElementById("name").select()`, nil)
	p.Type("Ada Lovelace")
	p.Press("Enter")
	p.Until(`document.querySelector(".player .name").textContent === "Ada Lovelace"`)
	if bad := p.Complaints(); len(bad) > 0 {
		t.Errorf("the window complains: %q", bad)
	}
}

func TestWindowComesBackWhenTheServerDoes(t *testing.T) {
	for name, board := range map[string]boarding{"pomelo": board, "socket.io": boardIO} {
		t.Run(name, func(t *testing.T) {
			b := browser.Start(t, need.Program(t, "chromium"))
			var addr string
			var p *browser.Page
			t.Run("first server", func(t *testing.T) {
				addr = serve(t)
				p = board(b, addr, "Ada")
			}) // and with the subtest it stops
			p.Until(`document.getElementById("status").dataset.state !== "connected" && !document.getElementById("curtain").hidden`)
			serve(t, "-addr", addr)
			p.Until(`document.getElementById("curtain").hidden && document.querySelector(".dot.me")`)
		})
	}
}

func TestWindowIsDrawnForTheReadme(t *testing.T) {
	if *shot == "" {
		t.Skip("no -shot")
	}
	addr := serve(t)
	b := browser.Start(t, need.Program(t, "chromium"))
	ada, grace := board(b, addr, "Ada"), board(b, addr, "Grace")
	linus := visit(t, addr)
	linus.ask("lobby.join", `{"name":"Linus","x":610,"y":900}`)
	point(ada, 120, 800)
	point(grace, 160, 600)
	ada.Until(dotAt("Ada", 120, 800))
	ada.Until(dotAt("Grace", 160, 600))
	ada.Until(`parseFloat(document.getElementById("latency-ms").textContent) < 4`)
	say(grace, "How many fit on one port?")
	ada.Until(`document.querySelectorAll(".line:not(.note)").length === 1`)
	say(ada, "All of us. Race you there!")
	ada.Until(`document.querySelectorAll(".line:not(.note)").length === 2`)
	linus.ask("lobby.chat", `{"name":"Linus","content":"Greetings from a TCP socket."}`)
	swing(ada, grace, linus)
	save(t, *shot, ada.Screenshot())
}

// save compresses better than a browser does, and drops the noise by which a browser
// smooths what is smooth anyway.
func save(t *testing.T, path string, shot []byte) {
	t.Helper()
	picture, err := png.Decode(bytes.NewReader(shot))
	if err != nil {
		t.Fatal(err)
	}
	flat := image.NewNRGBA(picture.Bounds())
	draw.Draw(flat, flat.Bounds(), picture, picture.Bounds().Min, draw.Src)
	for i := range flat.Pix {
		flat.Pix[i] |= 1
	}
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, flat); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// swing moves everybody for a second, so that the picture shows wakes. It waits
// for frames of a window, which is what counts.
func swing(ada, grace *browser.Page, linus *guest) {
	ada.Eval(`document.activeElement.blur()`, nil)
	const frames = 18
	for i := range frames {
		at := float64(i) / (frames - 1)
		point(ada, 120+250*at, 800-60*at-90*math.Sin(3*at))
		point(grace, 160+160*at*at, 600-260*at)
		linus.tell("lobby.move", fmt.Sprintf(`{"x":%.0f,"y":%.0f}`, 610+200*math.Sin(1.6*at), 900-400*at))
		ada.Eval(`new Promise((next) => setTimeout(next, 40))`, nil)
	}
}
