package pomelo_test

import (
	"encoding/hex"
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

// octets are bytes that a vector writes in hex.
type octets []byte

func (o *octets) UnmarshalText(b []byte) error {
	raw, err := hex.DecodeString(string(b))
	*o = raw
	return err
}

type packageVectors struct {
	Encode []struct {
		Name      string
		Type      byte
		Body, Out octets
	}
	Decode []struct {
		Name     string
		In       octets
		Packages []packageVector
	}
	Stream []struct {
		Name     string
		Chunks   []octets
		Packages []packageVector
		Closed   bool
	}
	Reject []struct {
		Name, Where string
		In          octets
	}
	EncodeHeads []struct {
		Type       byte
		BodyLength int `json:"body_length"`
		Head       octets
	} `json:"encode_heads"`
	EncodeOverflow struct {
		BodyLength int `json:"body_length"`
	} `json:"encode_overflow"`
}

type packageVector struct {
	Type byte
	Body octets
}

type messageVectors struct {
	Encode       []messageVector
	EncodeErrors []messageVector `json:"encode_errors"`
	Decode       []messageVector
	Reject       []messageVector
}

type messageVector struct {
	Name          string
	In, Out, Body octets
	Type          byte
	ID            int64
	CompressRoute int             `json:"compress_route"`
	Route         json.RawMessage // text, number or null
	Gzip          int
	HardenedID    string `json:"hardened_id"`
}

type handshakeVectors struct {
	Dictionary struct{ CodeToRoute map[string]string }
	Cases      []struct {
		Name              string
		Options           map[string]any
		Request, Response string
		RequestHex        octets `json:"request_hex"`
		ResponseHex       octets `json:"response_hex"`
		Closed            bool
	}
}

type textVectors struct {
	Cases []struct {
		Name           string
		JSON           string
		UTF8           octets
		BrowserEncodes octets `json:"browser_encodes"`
		SafeForm       string `json:"safe_form"`
	}
}

type dictionaryVectors struct {
	Cases []struct {
		Name     string
		Servers  map[string]map[string][]string // server type → handler → methods
		User     []string
		Dict     map[string]uint16
		Abbrs    map[string]string
		DictJSON string `json:"dict_json"`
		Version  string
	}
}

type protobufVectors struct {
	Schemas  map[string]json.RawMessage
	Parsed   map[string]string
	Versions []struct{ Name, Client, Server, Version string }
	Encode   []protobufVector
	Refused  []protobufVector `json:"encode_refused"`
	Decode   []protobufVector
	Reject   []protobufVector
}

type protobufVector struct {
	Name, Schema, Route string
	Value, Decoded      json.RawMessage
	In, Out             octets
	BrowserOut          octets `json:"browser_out"`
	BrowserTruncated    bool   `json:"browser_truncated"`
}

type cryptoVectors struct {
	Cases []struct {
		Name       string
		N          string      `json:"rsa_n"`
		E          json.Number `json:"rsa_e"`
		SignedText string      `json:"signed_text"`
		Body       string
		Verifies   bool
	}
}
