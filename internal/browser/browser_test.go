package browser_test

import (
	"bytes"
	"image/png"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/fairlead-go/fairlead/internal/browser"
	"github.com/fairlead-go/fairlead/internal/leak"
	"github.com/fairlead-go/fairlead/internal/need"
)

func TestMain(m *testing.M) { leak.Main(m) }

const page = `<!doctype html><title>page</title><link rel="icon" href="data:,">
<input id="in" autofocus> <button id="b" onclick="out.textContent = document.getElementById('in').value">go</button>
<p id="out"></p>`

func open(t *testing.T) *browser.Page {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(page))
	}))
	t.Cleanup(s.Close)
	return browser.Start(t, need.Program(t, "chromium")).Open(s.URL)
}

func TestPageIsUsedAsByHand(t *testing.T) {
	p := open(t)
	p.Click("#in")
	p.Type("typed")
	p.Click("#b")
	p.Until(`document.getElementById("out").textContent !== ""`)
	if got := p.Text("#out"); got != "typed" {
		t.Errorf("text = %q, want %q", got, "typed")
	}
	var sum int
	p.Eval(`Promise.resolve(20 + 22)`, &sum)
	if sum != 42 {
		t.Errorf("a promise's value = %d, want 42", sum)
	}
}

func TestPageIsSeenAsAskedFor(t *testing.T) {
	p := open(t)
	p.Look(browser.View{Width: 300, Height: 200, Scale: 2, Dark: true, Still: true})
	p.Until(`matchMedia("(prefers-color-scheme: dark)").matches && matchMedia("(prefers-reduced-motion: reduce)").matches`)
	picture, err := png.DecodeConfig(bytes.NewReader(p.Screenshot()))
	if err != nil || picture.Width != 600 || picture.Height != 400 {
		t.Errorf("picture = %d × %d, %v, want 600 × 400", picture.Width, picture.Height, err)
	}
}

func TestPagesErrorsAreKept(t *testing.T) {
	p := open(t)
	if bad := p.Complaints(); len(bad) > 0 {
		t.Fatalf("complaints = %q before anything went wrong", bad)
	}
	p.Eval(`console.error("on the console")`, nil)
	p.Eval(`new Promise((next) => { setTimeout(() => { setTimeout(next); throw new Error("uncaught") }) })`, nil)
	all := strings.Join(p.Complaints(), "\n")
	for _, want := range []string{"on the console", "uncaught"} {
		if !strings.Contains(all, want) {
			t.Errorf("complaints = %q, want %q among them", all, want)
		}
	}
}
