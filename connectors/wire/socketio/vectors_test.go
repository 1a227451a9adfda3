package socketio_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// The files in testdata were made by running the reference; README.md there says
// how to read them.

// load reads a file of vectors into v.
func load(t testing.TB, file string, v any) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, v); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

type vectors struct {
	Request []struct {
		Name, Route, Framed string
		ID                  uint64
		Body                json.RawMessage
	}
	Reply []struct {
		Name, Route, Text string
		ID                uint64
		Body              json.RawMessage
	}
	Batch []struct {
		Name, Text string
		Messages   []struct {
			ID    uint64
			Route string
			Body  json.RawMessage
		}
	}
	Reject []struct{ Name, Framed string }
}

type transcripts struct {
	Transcripts []struct {
		Name, Profile string
		Fault         bool `json:"reference_fault"`
		Steps         []struct {
			Send    string `json:"send_text"`
			Recv    string `json:"recv_text"`
			Silence int    `json:"silence_ms"`
		}
	}
}
