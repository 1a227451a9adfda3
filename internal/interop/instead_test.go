package interop_test

import "time"

// change is what we do instead of what a transcript recorded: it is played up
// to and with a number of its sends, and goes on as then says.
type change struct {
	sends int
	then  []step
	// either: what was recorded passes as well, since we do the one or the other.
	either bool
	// clause is what allows it, where the transcript does not say so.
	clause string
}

// of makes the steps to be played.
func (c change) of(recorded []step) []step {
	if c.sends == 0 {
		return c.then
	}
	n := 0
	for i, s := range recorded {
		if s.Send != nil || s.SendRaw != nil || s.SendChunks != nil || s.HTTPSend != "" {
			n++
		}
		if n == c.sends {
			return append(append([]step{}, recorded[:i+1]...), c.then...)
		}
	}
	panic("a change keeps more sends than were recorded")
}

// The words that then is written with.
var (
	closes     = []step{{ends: true}}
	refuses    = []step{{refused: true}}
	turnsAway  = []step{{away: true}}
	shakesHand = []step{sends(pkg(1, hello)), sees(pkg(1, `{"code":200,"sys":{}}`)), sends(pkg(2, ""))}
)

func sends(b []byte) step         { return step{Send: b} }
func sees(b []byte) step          { return step{Recv: b} }
func silent(d time.Duration) step { return step{SilenceMS: int(d.Milliseconds())} }
func after(d time.Duration, s step) step {
	ms := int(d.Milliseconds())
	s.AfterMS = &ms
	return s
}

// alive asks for an echo and sees it.
func alive(id byte) []step {
	return []step{sends(ask(id, echoRoute, `{"alive":1}`)), sees(answer(id, `{"alive":1}`))}
}

// fails sees code 500 for the request with an id, and that the client is still served.
func fails(id byte) []step {
	return append([]step{sees(answer(id, `{"code":500}`))}, alive(id+1)...)
}

// Handshake and ack are the first two sends of nearly all transcripts.
const third = 3

const countRoute = "connector.entryHandler.count"

// doubles are 1 to 12, as the schema of typedDoubles writes them.
const doubles = "\x09\x0c" +
	"\x00\x00\x00\x00\x00\x00\xf0\x3f\x00\x00\x00\x00\x00\x00\x00\x40\x00\x00\x00\x00\x00\x00\x08\x40\x00\x00\x00\x00\x00\x00\x10\x40" +
	"\x00\x00\x00\x00\x00\x00\x14\x40\x00\x00\x00\x00\x00\x00\x18\x40\x00\x00\x00\x00\x00\x00\x1c\x40\x00\x00\x00\x00\x00\x00\x20\x40" +
	"\x00\x00\x00\x00\x00\x00\x22\x40\x00\x00\x00\x00\x00\x00\x24\x40\x00\x00\x00\x00\x00\x00\x26\x40\x00\x00\x00\x00\x00\x00\x28\x40"

// instead is what we do where the reference is at fault, and where we take the
// other way that a transcript's hardened text allows.
var instead = map[string]change{
	// Requests.
	"request-id-2^31":              {sends: third, then: append([]step{sees(pkg(4, "\x04\x80\x80\x80\x80\x08{\"a\":1}"))}, alive(1)...)},
	"request-id-2^32":              {sends: third, then: closes},
	"request-handler-throws":       {sends: third, then: fails(1)},
	"request-handler-throws-fatal": {sends: third, then: fails(1)},
	"response-twice":               {sends: third, then: append([]step{sees(answer(9, `{"n":1}`)), silent(quiet)}, alive(1)...)},
	"emoji":                        {sends: third, then: []step{sees(answer(1, `{"s":"😀"}`))}},

	// Routes that nobody answers for.
	"route-inherited-method": {sends: third, then: fails(1)},
	"route-constructor":      {sends: third, then: fails(1)},
	"route-no-dot":           {sends: third, then: fails(1)},
	"route-empty":            {sends: third, then: fails(1)},
	"route-empty-parts":      {sends: third, then: fails(1)},
	"route-leading-dot":      {sends: third, then: fails(1)},
	"dict-not-enabled":       {sends: third, then: fails(1)},

	// Messages that make no sense.
	"malformed-empty":                {sends: third, then: closes},
	"malformed-flag-only":            {sends: third, then: closes},
	"malformed-id-truncated":         {sends: third, then: closes},
	"malformed-route-length-missing": {sends: third, then: closes},
	"malformed-route-code-missing":   {sends: third, then: closes},
	"malformed-notify-flag-only":     {sends: third, then: closes},
	"malformed-route-overruns":       {sends: third, then: closes},
	"malformed-fatal":                {sends: third, then: closes},
	"malformed-route-not-utf8":       {sends: third, then: closes},
	"client-sends-response-type":     {sends: third, then: closes},
	"message-type-4":                 {sends: third, then: closes},
	"message-type-5":                 {sends: third, then: closes},
	"message-type-6":                 {sends: third, then: closes},
	"message-type-7":                 {sends: third, then: closes},
	"tcp-header-max-length":          {sends: third, then: closes},
	"ws-short-header":                {sends: third, then: closes},
	"ws-short-heartbeat":             {sends: third, then: closes},
	"ws-body-shorter-than-length":    {sends: third, then: closes},
	"ws-largest-package":             {sends: third, then: closes},

	// An ack in the segment of the handshake may be early enough, and a message
	// of several packages is good.
	"tcp-all-in-one": {sends: 1, either: true, then: append([]step{
		sees(pkg(1, `{"code":200,"sys":{}}`)),
		sees(answer(1, `{"a":1}`)),
	}, alive(2)...)},
	"ws-two-packages-one-frame": {sends: 2, then: append([]step{sees(answer(1, `{}`))}, alive(2)...)},

	// Numbers that stand for no route, or for one that is only pushed.
	"dict-unknown-code-0":     {sends: third, then: fails(1)},
	"dict-unknown-code-9999":  {sends: third, then: fails(1)},
	"dict-unknown-code-65535": {sends: third, then: fails(1)},
	"dict-user-route-request": {sends: third, then: fails(1)},

	// Typed bodies. An error that its schema has no member for has no body (P10.8).
	"proto-required-missing":               {sends: third, then: append([]step{sees(answer(1, ""))}, alive(2)...)},
	"proto-empty-body":                     {sends: third, then: append([]step{sees(answer(2, ""))}, alive(3)...)},
	"proto-malformed-unknown-tag":          {sends: third, then: closes},
	"proto-malformed-truncated-varint":     {sends: third, then: closes},
	"proto-malformed-truncated-float":      {sends: third, then: closes},
	"proto-malformed-array-count-overruns": {sends: third, then: closes},
	"proto-malformed-fatal":                {sends: third, then: closes},
	"proto-string-overrun":                 {sends: third, then: closes},
	"proto-encode-overflow":                {sends: third, then: append([]step{sees(answer(1, doubles))}, alive(2)...)},

	// Signatures. What is not signed rightly is dropped, and nothing else is.
	"crypto-replayed": {sends: 4, then: []step{
		sees(answer(2, `{"kind":"object","route":"connector.entryHandler.inspect","body":{"a":1}}`)),
	}},
	"crypto-body-null":        {sends: 4, then: []step{sees(answer(2, `{"a":1}`))}},
	"crypto-signature-number": {sends: 4, then: []step{sees(answer(2, `{"a":1}`))}},
	"crypto-chinese":          {sends: third, then: []step{sees(answer(1, `{"s":"中"}`))}},

	"async-coder-builtin": {sends: third, then: append([]step{sees(answer(1, `{"a":1}`))}, alive(2)...)},

	// Who may come in is asked when a client connects. The "7.0" of profile
	// blackLoose is a prefix, and not that of 127.0.0.1.
	"max-connections": {sends: third, then: []step{
		sees(answer(1, `{"total":1}`)),
		{Second: append(shakesHand, alive(1)...)},
		{Third: turnsAway},
		sends(ask(2, countRoute, `{}`)),
		sees(answer(2, `{"total":2}`)),
	}},
	"blacklist":        {then: turnsAway, clause: "F 25: before the first byte"},
	"blacklist-regexp": {then: append(shakesHand, alive(1)...)},

	// WebSocket.
	"ws-unmasked":        {sends: third, then: closes},
	"ws-upgrade-v8":      {sends: 1, then: refuses},
	"ws-upgrade-deflate": {sends: 2, then: []step{sees(pkg(1, `{"code":200,"sys":{}}`))}},

	// HTTP on the port of the game.
	"http-get-no-upgrade":    {sends: 1, then: refuses},
	"http-post":              {sends: 1, then: refuses},
	"http-put":               {sends: 1, then: refuses},
	"http-head":              {sends: 1, then: refuses},
	"http-delete-is-binary":  {sends: 1, then: refuses},
	"http-options-is-binary": {sends: 1, then: refuses},
	"http-patch-is-binary":   {sends: 1, then: refuses},
	"http-get-lowercase":     {sends: 1, then: refuses},
	"http-method-split":      {sends: 1, then: refuses},
	"http-upgrade-other":     {sends: 1, then: refuses},

	// Life and its end: whatever a client sends shows life.
	"heartbeat-data-is-not-alive": {sends: 5, then: []step{
		sees(answer(3, `{"i":3}`)),
		after(2*time.Second, step{ends: true}),
	}},
	"idle-ws": {sends: 1, then: []step{
		sees(pkg(1, `{"code":200,"sys":{}}`)),
		after(2*time.Second, step{ends: true}),
	}},
	"kick-buffered": {sends: third, then: []step{
		sees(answer(1, `{"ok":true}`)),
		sees(pkg(5, `{"reason":"now"}`)),
		{ends: true},
	}},
	"push-null-body": {sends: third, then: append([]step{sees(answer(1, `{"ok":true}`))}, alive(2)...)},
}
