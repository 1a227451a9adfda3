package interop_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// transcript is one recorded session with the reference server.
type transcript struct {
	Name    string `json:"name"`
	Profile string `json:"profile"`
	Comment string `json:"comment"`
	// Fault: the reference misbehaves here, and Hardened says what is right.
	// Hardened alone names a second way that is right as well.
	Fault    bool   `json:"reference_fault"`
	Hardened string `json:"hardened"`
	// RuntimeDependent: the reference itself answers differently elsewhere.
	RuntimeDependent bool `json:"runtime_dependent"`
	// Timed: the after_ms of the steps count.
	Timed bool   `json:"timed"`
	Steps []step `json:"steps"`
}

// step is one thing done or seen. At most one of its verbs is set.
type step struct {
	Send          wire   `json:"send"`           // bytes on the stream, or one WebSocket message
	SendRaw       wire   `json:"send_raw"`       // bytes below WebSocket
	SendChunks    []wire `json:"send_chunks"`    // the same in segments, GapMS apart
	SendFragments []wire `json:"send_fragments"` // one WebSocket message in several frames
	HTTPSend      string `json:"http_send"`
	HTTPRecv      string `json:"http_recv"`
	Recv          wire   `json:"recv"`
	RecvRaw       wire   `json:"recv_raw"`
	SilenceMS     int    `json:"silence_ms"`
	ClosedBy      string `json:"closed_by"`

	Op        byte   `json:"op"` // WebSocket opcode, zero for binary
	CloseCode int    `json:"close_code"`
	RSV       int    `json:"rsv"`
	GapMS     int    `json:"gap_ms"`
	AfterMS   *int   `json:"after_ms"`
	Note      string `json:"note"`

	Second []step `json:"second_connection"`
	Third  []step `json:"third_connection"`

	// For reading, not for replaying.
	How           string          `json:"how"`
	Text          string          `json:"text"`
	Type          int             `json:"type"`
	Packages      []int           `json:"packages"`
	ClientSees    string          `json:"client_sees"`
	Value         json.RawMessage `json:"value"`
	ServerProcess string          `json:"server_process"`
	TCP           string          `json:"tcp"`

	// Not recorded, but said by the table of what we do instead: the
	// connection ends, whatever close code comes before; an HTTP error comes
	// and then the end; it ends as soon as it is there, before any upgrade.
	ends, refused, away bool
}

// wire is bytes, recorded as hex, long runs of one byte in parts. Nil means
// absent, an empty wire is zero bytes.
type wire []byte

// UnmarshalJSON reads either form.
func (w *wire) UnmarshalJSON(b []byte) error {
	if b[0] == '"' {
		var text string
		if err := json.Unmarshal(b, &text); err != nil {
			return err
		}
		raw, err := hex.DecodeString(text)
		*w = append(wire{}, raw...)
		return err
	}
	return w.join(b)
}

func (w *wire) join(b []byte) error {
	var long struct {
		Parts []struct {
			Hex    wire `json:"hex"`
			Repeat wire `json:"repeat"`
			Times  int  `json:"times"`
		} `json:"parts"`
	}
	if err := json.Unmarshal(b, &long); err != nil {
		return err
	}
	*w = wire{}
	for _, p := range long.Parts {
		*w = append(append(*w, p.Hex...), bytes.Repeat(p.Repeat, p.Times)...)
	}
	return nil
}

// read returns the transcripts of one file.
func read(t *testing.T, transport string) []transcript {
	t.Helper()
	return readFile[transcript](t, transport)
}

// readFile reads transcripts of any form. A member it does not know is an error, so
// that nothing recorded is overlooked.
func readFile[T any](t *testing.T, transport string) []T {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "transcripts-"+transport+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		About       string            `json:"about"`
		GeneratedBy map[string]string `json:"generated_by"`
		Fields      map[string]string `json:"fields"`
		Transcripts []T               `json:"transcripts"`
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&file); err != nil {
		t.Fatal(err)
	}
	return file.Transcripts
}

func TestALongRunIsJoinedFromItsParts(t *testing.T) {
	var s step
	text := `{"send":{"parts":[{"hex":"04"},{"repeat":"79","times":3},{"hex":"227d"}],"length":6}}`
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		t.Fatal(err)
	}
	if got, want := string(s.Send), "\x04yyy\"}"; got != want {
		t.Errorf("send = %q, want %q", got, want)
	}
}
