package interop_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// sioTranscript is one recorded session with the reference server's socket.io
// connector, as transcript is one with its other.
type sioTranscript struct {
	Name     string    `json:"name"`
	Profile  string    `json:"profile"`
	Comment  string    `json:"comment"`
	Fault    bool      `json:"reference_fault"`
	Hardened string    `json:"hardened"`
	Timed    bool      `json:"timed"`
	Steps    []sioStep `json:"steps"`
}

// sioStep is one thing done or seen.
type sioStep struct {
	HTTPSend    string  `json:"http_send"` // the upgrade
	HTTPRecv    string  `json:"http_recv"`
	SendText    *string `json:"send_text"` // a WebSocket message
	RecvText    string  `json:"recv_text"`
	HTTP        string  `json:"http"` // a request of a client that polls, and its answer
	SendBody    string  `json:"send_body"`
	Status      int     `json:"status"`
	ContentType string  `json:"content_type"`
	SendMessage string  `json:"send_message"` // an event message of the real client
	RecvMessage string  `json:"recv_message"`
	Event       string  `json:"event"` // another event that it sees
	Reason      string  `json:"reason"`
	SilenceMS   int     `json:"silence_ms"`
	Op          int     `json:"op"` // 8: a close frame
	CloseCode   int     `json:"close_code"`
	ClosedBy    string  `json:"closed_by"`
	AfterMS     int     `json:"after_ms"`

	// For reading, not for replaying.
	Send          wire   `json:"send"`
	Recv          wire   `json:"recv"`
	Payload       string `json:"payload"`
	How           string `json:"how"`
	Result        string `json:"result"`
	Note          string `json:"note"`
	ServerProcess string `json:"server_process"`

	// Not recorded, but said by the table of what we do instead: the client may
	// not even connect.
	away bool
}

// realClient is the transcript that the real client plays.
const realClient = "real-client"

// readSIO returns the transcripts with the socket.io connector.
func readSIO(t *testing.T) []sioTranscript {
	t.Helper()
	return readFile[sioTranscript](t, "sio")
}

// sioItem is what a server says with one packet, or with one of several in a list:
// an outbox may gather what the reference sent one by one, and the reverse.
type sioItem struct {
	text    string          // of the packet, where it is no event message
	message json.RawMessage // inside its string
}

func (i sioItem) String() string {
	if i.message != nil {
		return fmt.Sprintf("message %s", i.message)
	}
	return fmt.Sprintf("%q", i.text)
}

// itemsOf takes a packet apart.
func itemsOf(text string) []sioItem {
	var args [2]json.RawMessage
	var name, said string
	if !strings.HasPrefix(text, "42[") || json.Unmarshal([]byte(text[2:]), &args) != nil ||
		json.Unmarshal(args[0], &name) != nil || name != "message" || json.Unmarshal(args[1], &said) != nil {
		return []sioItem{{text: text}}
	}
	var list []json.RawMessage
	if json.Unmarshal([]byte(said), &list) != nil {
		list = []json.RawMessage{json.RawMessage(said)}
	}
	items := make([]sioItem, len(list))
	for i, m := range list {
		items[i] = sioItem{message: m}
	}
	return items
}

// is tells whether two items say the same: messages are compared as JSON values,
// open packets without their sid, all else byte for byte.
func (i sioItem) is(want sioItem) bool {
	switch {
	case want.message != nil:
		return i.message != nil && sameJSON(i.message, want.message)
	case strings.HasPrefix(want.text, "0{"):
		return strings.HasPrefix(i.text, "0{") && sameJSON(withoutSID(i.text[1:]), withoutSID(want.text[1:]))
	}
	return i.message == nil && i.text == want.text
}

func withoutSID(open string) []byte {
	var members map[string]json.RawMessage
	if json.Unmarshal([]byte(open), &members) != nil || members["sid"] == nil {
		return nil
	}
	members["sid"] = json.RawMessage(`"SID"`)
	b, _ := json.Marshal(members) // it was JSON
	return b
}

func TestItemsAreComparedByWhatTheySay(t *testing.T) {
	for name, tt := range map[string]struct {
		got, want string
		same      bool
	}{
		"members in other order":   {`42["message","{\"a\":1,\"b\":2}"]`, `42["message","{\"b\":2,\"a\":1}"]`, true},
		"another value":            {`42["message","{\"a\":1}"]`, `42["message","{\"a\":2}"]`, false},
		"a list of one":            {`42["message","[{\"a\":1}]"]`, `42["message","{\"a\":1}"]`, true},
		"another sid":              {`0{"sid":"x","upgrades":[]}`, `0{"sid":"y","upgrades":[]}`, true},
		"an open packet with less": {`0{"sid":"x"}`, `0{"sid":"x","upgrades":[]}`, false},
		"an open packet without":   {`0{"upgrades":[]}`, `0{"sid":"x","upgrades":[]}`, false},
		"a packet":                 {"41", "41", true},
		"another packet":           {"41", "40", false},
		"a message for a packet":   {`42["message","41"]`, "41", false},
		"another event":            {`42["other","{}"]`, `42["message","{}"]`, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := itemsOf(tt.got)[0].is(itemsOf(tt.want)[0]); got != tt.same {
				t.Errorf("same = %v, want %v", got, tt.same)
			}
		})
	}
}
