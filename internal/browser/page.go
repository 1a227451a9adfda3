package browser

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
)

// Page is one window.
type Page struct {
	t       testing.TB
	wire    *wire
	session string
}

// View is how a window looks at its page.
type View struct {
	Width, Height int
	Scale         float64 // device pixels a pixel; zero means 1
	Dark          bool
	Still         bool // less motion, please
	Touch         bool
}

// Go opens another address and returns once it is loaded.
func (p *Page) Go(url string) {
	p.t.Helper()
	var went struct{ ErrorText string }
	p.must("Page.navigate", object{"url": url}, &went)
	if went.ErrorText != "" {
		p.t.Fatalf("%s: %s", url, went.ErrorText)
	}
	p.Until(`document.readyState === "complete" && location.href !== "about:blank"`)
}

// Look changes the view.
func (p *Page) Look(v View) {
	p.t.Helper()
	if v.Scale == 0 {
		v.Scale = 1
	}
	p.must("Emulation.setDeviceMetricsOverride", object{
		"width": v.Width, "height": v.Height, "deviceScaleFactor": v.Scale, "mobile": v.Touch,
	}, nil)
	p.must("Emulation.setTouchEmulationEnabled", object{"enabled": v.Touch}, nil)
	p.must("Emulation.setEmulatedMedia", object{"features": []object{
		{"name": "prefers-color-scheme", "value": either(v.Dark, "dark", "light")},
		{"name": "prefers-reduced-motion", "value": either(v.Still, "reduce", "no-preference")},
	}}, nil)
}

// Eval evaluates a JavaScript expression, waits for it if it is a promise, and
// decodes its value into result, if that is not nil.
func (p *Page) Eval(expression string, result any) {
	p.t.Helper()
	var out struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails *struct {
			Text      string
			Exception struct{ Description string }
		}
	}
	p.must("Runtime.evaluate", object{
		"expression": expression, "awaitPromise": true, "returnByValue": true, "userGesture": true,
	}, &out)
	if e := out.ExceptionDetails; e != nil {
		p.t.Fatalf("%s\n%s %s", expression, e.Text, e.Exception.Description)
	}
	if result == nil {
		return
	}
	if err := json.Unmarshal(out.Result.Value, result); err != nil {
		p.t.Fatalf("%s: %v", expression, err)
	}
}

// Text is the text of the element that a selector finds.
func (p *Page) Text(selector string) string {
	p.t.Helper()
	var text string
	p.Eval(fmt.Sprintf(`document.querySelector(%q).textContent.trim()`, selector), &text)
	return text
}

// Until waits, inside the page, until a condition holds.
func (p *Page) Until(condition string) {
	p.t.Helper()
	const wait = `new Promise((yes, no) => {
		const end = performance.now() + 10000;
		(function look() {
			let holds = false, why = "";
			try { holds = (%s) } catch (err) { why = err.message }
			if (holds) yes();
			else if (performance.now() > end) no(new Error("never became true " + why));
			else setTimeout(look, 10);
		})();
	})`
	p.Eval(fmt.Sprintf(wait, condition), nil)
}

// Point moves the mouse, in pixels from the upper left.
func (p *Page) Point(x, y float64) {
	p.t.Helper()
	p.must("Input.dispatchMouseEvent", object{"type": "mouseMoved", "x": x, "y": y}, nil)
}

// Click clicks into the middle of what a selector finds.
func (p *Page) Click(selector string) {
	p.t.Helper()
	var at struct{ X, Y float64 }
	p.Eval(fmt.Sprintf(`(() => {
		const el = document.querySelector(%q);
		el.scrollIntoView({ block: "nearest" });
		const box = el.getBoundingClientRect();
		return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
	})()`, selector), &at)
	for _, kind := range []string{"mouseMoved", "mousePressed", "mouseReleased"} {
		p.must("Input.dispatchMouseEvent", object{"type": kind, "x": at.X, "y": at.Y, "button": either(kind == "mouseMoved", "none", "left"), "clickCount": 1}, nil)
	}
}

// Type types text into what has the focus.
func (p *Page) Type(text string) {
	p.t.Helper()
	p.must("Input.insertText", object{"text": text}, nil)
}

// Down presses a key and holds it: "Enter", "ArrowLeft".
func (p *Page) Down(key string) {
	p.t.Helper()
	press := object{"type": "keyDown", "key": key, "code": key, "windowsVirtualKeyCode": keyCodes[key]}
	if key == "Enter" {
		press["text"] = "\r"
	}
	p.must("Input.dispatchKeyEvent", press, nil)
}

// Up lets a key go.
func (p *Page) Up(key string) {
	p.t.Helper()
	p.must("Input.dispatchKeyEvent", object{"type": "keyUp", "key": key, "code": key, "windowsVirtualKeyCode": keyCodes[key]}, nil)
}

// Press is Down and Up.
func (p *Page) Press(key string) {
	p.t.Helper()
	p.Down(key)
	p.Up(key)
}

var keyCodes = map[string]int{"Enter": 13, "Escape": 27, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40}

// Screenshot is the window as a PNG.
func (p *Page) Screenshot() []byte {
	p.t.Helper()
	var shot struct{ Data []byte }
	p.must("Page.captureScreenshot", object{"format": "png"}, &shot)
	return shot.Data
}

// Complaints are the errors that the page has caused so far.
func (p *Page) Complaints() []string {
	p.wire.mu.Lock()
	defer p.wire.mu.Unlock()
	return slices.Clone(p.wire.complaints[p.session])
}

func (p *Page) must(method string, params, result any) {
	p.t.Helper()
	if err := p.wire.call(p.session, method, params, result); err != nil {
		p.t.Fatal(err)
	}
}

func either(first bool, a, b string) string {
	if first {
		return a
	}
	return b
}
