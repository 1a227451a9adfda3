// Package browser drives a headless Chromium over the DevTools protocol, for
// tests of pages. It waits inside the page, never beside it, and fails the test
// itself: its callers have no errors to look at.
package browser

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// patience bounds every single thing a test asks of the browser.
const patience = 30 * time.Second

// flags: no sandbox since tests run as root in containers; no network of the
// browser's own; windows that are not in front run as if they were.
var flags = []string{
	"--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
	"--disable-quic", "--disable-sync", "--disable-extensions", "--disable-component-update",
	"--disable-background-networking", "--disable-default-apps",
	"--no-first-run", "--no-default-browser-check", "--hide-scrollbars", "--mute-audio",
	"--disable-renderer-backgrounding", "--disable-background-timer-throttling",
	"--disable-backgrounding-occluded-windows",
	"--remote-debugging-port=0",
}

// Browser is one running Chromium. It ends with its test.
type Browser struct {
	t    testing.TB
	wire *wire
}

// Start starts the program, which is some Chromium.
func Start(t testing.TB, program string) *Browser {
	t.Helper()
	profile, err := os.MkdirTemp("", "browser-*")
	if err != nil {
		t.Fatal(err)
	}
	ctx, kill := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, program, append(flags, "--user-data-dir="+profile, "about:blank")...)
	cmd.WaitDelay = time.Second
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", program, err)
	}
	ended := make(chan struct{})
	b := &Browser{t: t}
	t.Cleanup(func() {
		b.close(ended)
		kill()
		<-ended
		os.RemoveAll(profile) // what a dying helper of the browser still writes is left behind
	})
	address := make(chan string, 1)
	go func() {
		defer close(ended)
		listen(stderr, address)
		_ = cmd.Wait() // a browser that was killed is no failure
	}()
	b.connect(address)
	return b
}

// listen reads what the browser says, to its end, and picks the address out of it.
func listen(stderr io.Reader, address chan<- string) {
	defer close(address)
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		if _, url, ok := strings.Cut(lines.Text(), "DevTools listening on "); ok {
			address <- url
		}
	}
}

func (b *Browser) connect(address <-chan string) {
	b.t.Helper()
	select {
	case url, ok := <-address:
		if !ok {
			b.t.Fatal("the browser ended before it listened")
		}
		wire, err := dial(url)
		if err != nil {
			b.t.Fatal(err)
		}
		b.wire = wire
	case <-time.After(patience):
		b.t.Fatal("the browser does not listen")
	}
}

// close asks the browser to end, and waits a little for it to do so.
func (b *Browser) close(ended <-chan struct{}) {
	if b.wire == nil {
		return
	}
	defer b.wire.close()
	if b.wire.call("", "Browser.close", nil, nil) != nil {
		return
	}
	select {
	case <-ended:
	case <-time.After(5 * time.Second):
	}
}

// Open opens a page in a window of its own, which shares nothing with others.
func (b *Browser) Open(url string) *Page {
	b.t.Helper()
	var profile struct{ BrowserContextID string }
	b.must("Target.createBrowserContext", nil, &profile)
	var target struct{ TargetID string }
	b.must("Target.createTarget", object{"url": "about:blank", "browserContextId": profile.BrowserContextID, "newWindow": true}, &target)
	var session struct{ SessionID string }
	b.must("Target.attachToTarget", object{"targetId": target.TargetID, "flatten": true}, &session)
	p := &Page{t: b.t, wire: b.wire, session: session.SessionID}
	for _, domain := range []string{"Page", "Runtime", "Log"} {
		p.must(domain+".enable", nil, nil)
	}
	p.must("Emulation.setFocusEmulationEnabled", object{"enabled": true}, nil)
	p.Go(url)
	return p
}

func (b *Browser) must(method string, params, result any) {
	b.t.Helper()
	if err := b.wire.call("", method, params, result); err != nil {
		b.t.Fatal(err)
	}
}
