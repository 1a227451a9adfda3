package pomelo_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
)

// schema parses one that must be right.
func schema(t testing.TB, file string) *pomelo.Schema {
	t.Helper()
	s, err := pomelo.ParseSchema([]byte(file))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// protos parses a pair that must be right.
func protos(t testing.TB, client, server string) *pomelo.Schemas {
	t.Helper()
	s, err := pomelo.ParseSchemas([]byte(client), []byte(server))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// labProtos are those of the recorded server, under its version.
func labProtos(t testing.TB) *pomelo.Schemas {
	t.Helper()
	var files [2]string
	for i, side := range []string{"client", "server"} {
		b, err := os.ReadFile("testdata/lab-" + side + "-protos.json")
		if err != nil {
			t.Fatal(err)
		}
		files[i] = string(b)
	}
	return protos(t, files[0], files[1]).WithVersion("OZAYqXGYKEQ2hm12MU+zDQ==")
}

// same tells whether two JSON texts hold the same value.
func same(t testing.TB, a, b []byte) bool {
	t.Helper()
	var x, y any
	if err := json.Unmarshal(a, &x); err != nil {
		t.Errorf("%s: %v", a, err)
	}
	if err := json.Unmarshal(b, &y); err != nil {
		t.Errorf("%s: %v", b, err)
	}
	return reflect.DeepEqual(x, y)
}

func TestSchemasAreParsedLikeTheReferenceParsesThem(t *testing.T) { // P10.2
	var v protobufVectors
	load(t, "pomelo-protobuf.json", &v)
	for name, file := range v.Schemas {
		if got := schema(t, string(file)).JSON(); got != v.Parsed[name] {
			t.Errorf("%s: %s, want %s", name, got, v.Parsed[name])
		}
	}
	for _, c := range v.Versions {
		s := protos(t, string(v.Schemas[c.Client]), string(v.Schemas[c.Server]))
		if got := s.Version(); got != c.Version {
			t.Errorf("%s: version %s, want %s", c.Name, got, c.Version)
		}
		if got := s.WithVersion("7").Version(); got != "7" {
			t.Errorf("%s: another version is %s", c.Name, got)
		}
	}
}

func TestTypedBodiesAreThoseOfTheReference(t *testing.T) { // P10.3 to P10.7
	var v protobufVectors
	load(t, "pomelo-protobuf.json", &v)
	for _, c := range v.Encode {
		s := schema(t, string(v.Schemas[c.Schema]))
		got, err := s.AppendBody([]byte("before"), c.Route, c.Value)
		if want := "before" + string(c.Out); err != nil || string(got) != want {
			t.Errorf("%s: body = %x, %v, want %x", c.Name, got, err, want)
		}
		browser := c.BrowserOut
		if len(browser) == 0 || c.BrowserTruncated || c.Name == "string-emoji" {
			browser = c.Out
		}
		for _, body := range []octets{c.Out, browser} {
			text, err := s.AppendJSON([]byte("before"), c.Route, body)
			if err != nil || !same(t, text[len("before"):], c.Decoded) {
				t.Errorf("%s: JSON = %s, %v, want %s", c.Name, text, err, c.Decoded)
			}
		}
	}
	for _, c := range v.Decode {
		got, err := schema(t, string(v.Schemas[c.Schema])).AppendJSON(nil, c.Route, c.In)
		if err != nil || !same(t, got, c.Value) {
			t.Errorf("%s: JSON = %s, %v, want %s", c.Name, got, err, c.Value)
		}
	}
}

func TestWhatTheReferenceRefusesIsRefused(t *testing.T) { // P10.8, P10.9
	var v protobufVectors
	load(t, "pomelo-protobuf.json", &v)
	for _, c := range v.Refused {
		got, err := schema(t, string(v.Schemas[c.Schema])).AppendBody([]byte("before"), c.Route, c.Value)
		if c.Name == "refused-list-double" { // F 5: the reference has too small a buffer
			if err != nil {
				t.Errorf("%s: %v", c.Name, err)
			}
			continue
		}
		if err == nil || string(got) != "before" {
			t.Errorf("%s: body = %q, %v, want an error and nothing written", c.Name, got, err)
		}
	}
	for _, c := range v.Reject {
		got, err := schema(t, string(v.Schemas[c.Schema])).AppendJSON([]byte("before"), c.Route, c.In)
		if !errors.Is(err, connectors.ErrMalformed) || string(got) != "before" {
			t.Errorf("%s: JSON = %q, %v, want it malformed and nothing written", c.Name, got, err)
		}
	}
}

func TestSchemasThatCannotBeFollowed(t *testing.T) { // P10.2, F 24
	deep := func(n int) string {
		return strings.Repeat(`{"message M":`, n) + `{}` + strings.Repeat(`}`, n)
	}
	for name, c := range map[string]struct {
		file string
		want string // in the error; nothing: there is none
	}{
		"nothing":                      {``, ""},
		"blanks":                       {" \n", ""},
		"no route":                     {`{}`, ""},
		"comments":                     {`{"r":{"a comment":null,"optional x":"y","required uInt32 a b":0,"message a b":1}}`, ""},
		"a tag again":                  {`{"r":{"required uInt32 a":1,"required bool b":1}}`, ""},
		"the largest tag":              {`{"r":{"required uInt32 a":536870911}}`, ""},
		"a larger one":                 {`{"r":{"required uInt32 a":536870912}}`, "r: required uInt32 a: pomelo: bad schema: the tag"},
		"tag 0":                        {`{"r":{"required uInt32 a":0}}`, "the tag"},
		"a negative tag":               {`{"r":{"required uInt32 a":-1}}`, "the tag"},
		"a fraction":                   {`{"r":{"required uInt32 a":1.5}}`, "the tag"},
		"a tag that is text":           {`{"r":{"required uInt32 a":"1"}}`, "the tag"},
		"no tag":                       {`{"r":{"required uInt32 a":null}}`, "the tag"},
		"a type that Google knows":     {`{"r":{"optional bool b":1}}`, "r: pomelo: bad schema: b has the unknown type bool"},
		"a list of one":                {`{"r":{"repeated uInt64 b":1}}`, "unknown type uInt64"},
		"a type of the other case":     {`{"r":{"optional uint32 b":1}}`, "unknown type uint32"},
		"unknown in a message":         {`{"r":{"message M":{"optional N n":1}}}`, "r: message M: pomelo: bad schema: n has"},
		"a type of an outer message":   {`{"r":{"message N":{},"message M":{"optional N n":1}}}`, "n has the unknown type N"}, // P10.3
		"unknown at the top":           {`{"message M":{"optional N n":1}}`, "message M: pomelo: bad schema: n has"},
		"a name again":                 {`{"r":{"optional uInt32 a":1,"optional string a":2}}`, "the name is taken"},
		"a name of the parsed form's":  {`{"r":{"optional uInt32 __tags":1}}`, "the name is taken"},
		"a member again":               {`{"r":{},"r":{}}`, `"r" comes twice`},
		"no JSON":                      {`{"r":`, "bad schema"},
		"two values":                   {`{} {}`, "more than one value"},
		"a list":                       {`[]`, "no JSON object"},
		"null":                         {`null`, "no JSON object"},
		"a route that is no message":   {`{"r":1}`, "r: pomelo: bad schema: no JSON object"},
		"a type that is no message":    {`{"r":{"message M":1}}`, "message M: pomelo: bad schema: no JSON object"},
		"text that is not UTF-8":       {"{\"\xff\":{}}", "not UTF-8"},
		"nested as deep as may be":     {deep(32), ""},
		"nested deeper":                {deep(33), "over 32 levels"},
		"a message that holds its own": {`{"message M":{"optional M m":1}}`, ""},
	} {
		_, err := pomelo.ParseSchema([]byte(c.file))
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.want != "" && (!errors.Is(err, pomelo.ErrSchema) || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: %v, want a bad schema, and in its words %q", name, err, c.want)
		}
	}
	for name, files := range map[string][2]string{"client": {`[]`, ``}, "server": {``, `[]`}} {
		if _, err := pomelo.ParseSchemas([]byte(files[0]), []byte(files[1])); err == nil || !strings.HasPrefix(err.Error(), name+" protos: ") {
			t.Errorf("%s: %v, want it to say whose it is", name, err)
		}
	}
}

// all has a field of each kind, and a message that holds its own.
const all = `{"message Node":{"optional Node next":1,"repeated Node many":2,"optional string s":3},
"r":{"optional uInt32 u":1,"optional sInt32 i":2,"optional float f":3,"optional double d":4,"optional string s":5,
"repeated uInt32 us":6,"repeated double ds":7,"repeated string ss":8,"optional Node node":9,"repeated Node nodes":10,
"optional uInt32 \"é\\":11,"repeated float fs":12},
"required":{"required uInt32 u":1,"optional string s":2}}`

func TestEncodingTypedBodies(t *testing.T) { // P10.4 to P10.8
	s := schema(t, all)
	node := func(n int) string { return strings.Repeat(`{"next":`, n) + `{"s":""}` + strings.Repeat(`}`, n) }
	skipped := func(n int) string { return `{"u":1,"x":` + strings.Repeat(`[`, n) + strings.Repeat(`]`, n) + `}` }
	for name, c := range map[string]struct {
		text, want string
		err        error
	}{
		"blanks":                       {" { \"u\" : 1 ,\n\t\"us\" : [ 1 , 2 ] } ", "\x08\x01\x30\x02\x01\x02", nil},
		"a name in escapes":            {`{"\u0075":1,"\"\u00e9\\":2}`, "\x08\x01\x58\x02", nil},
		"null is absent":               {`{"u":null,"us":null,"node":null,"s":"x"}`, "\x2a\x01x", nil},
		"unknown members of all kinds": {`{"a":{"b":[1,{}]},"c":"\"","e":-1.5e+3,"g":true,"h":false,"k":null,"l":[],"u":1}`, "\x08\x01", nil},
		"the largest uInt32":           {`{"u":18446744073709551615}`, "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", nil},
		"a larger one":                 {`{"u":18446744073709551616}`, "", pomelo.ErrValue},
		"the smallest sInt32":          {`{"i":-9223372036854775807}`, "\x10\xfd\xff\xff\xff\xff\xff\xff\xff\xff\x01", nil},
		"the largest sInt32":           {`{"i":9223372036854775807}`, "\x10\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01", nil},
		"a larger sInt32":              {`{"i":9223372036854775808}`, "", pomelo.ErrValue},
		"a negative fraction":          {`{"i":-1.9,"u":-0.9}`, "\x10\x01\x08\x00", nil},
		"an exponent":                  {`{"u":1e3}`, "\x08\xe8\x07", nil},
		"digits in a string":           {`{"u":"12","i":"-1","f":"1"}`, "\x08\x0c\x10\x01\x1d\x00\x00\x80\x3f", nil},
		"digits and more":              {`{"u":"12a"}`, "", pomelo.ErrValue},
		"no digits":                    {`{"u":""}`, "", pomelo.ErrValue},
		"a double over all":            {`{"d":1e999}`, "", pomelo.ErrValue},
		"a float over all":             {`{"f":1e39}`, "", pomelo.ErrValue},
		"true":                         {`{"u":true}`, "", pomelo.ErrValue},
		"a list for one":               {`{"u":[1]}`, "", pomelo.ErrValue},
		"one for a list":               {`{"us":1}`, "", pomelo.ErrValue},
		"an object for text":           {`{"s":{}}`, "", pomelo.ErrValue},
		"text for an object":           {`{"node":"x"}`, "", pomelo.ErrValue},
		"null in a list":               {`{"us":[1,null]}`, "", pomelo.ErrValue},
		"null in a list of text":       {`{"ss":[null]}`, "", pomelo.ErrValue},
		"null in a list of messages":   {`{"nodes":[null]}`, "", pomelo.ErrValue},
		"a member again":               {`{"u":1,"u":2}`, "", pomelo.ErrValue},
		"escapes":                      {`{"s":"\u0041\n\/\ud83d\ude00\ud83d\ud83dx"}`, "\x2a\x0eA\n/😀\ufffd\ufffdx", nil},
		"text that is not UTF-8":       {"{\"s\":\"\xff\"}", "\x2a\x03\ufffd", nil},
		"no escape":                    {`{"s":"\x"}`, "", pomelo.ErrJSON},
		"no escape, unknown":           {`{"u":1,"x":"\x"}`, "", pomelo.ErrJSON},
		"half an escape":               {`{"s":"\u00"}`, "", pomelo.ErrJSON},
		"a name that is no escape":     {`{"\x":1}`, "", pomelo.ErrJSON},
		"127 bytes":                    {`{"s":"` + strings.Repeat("x", 127) + `"}`, "\x2a\x7f" + strings.Repeat("x", 127), nil},
		"128 bytes":                    {`{"s":"` + strings.Repeat("x", 128) + `"}`, "\x2a\x80\x01" + strings.Repeat("x", 128), nil},
		"128 elements":                 {`{"us":[0` + strings.Repeat(",0", 127) + `]}`, "\x30\x80\x01" + strings.Repeat("\x00", 128), nil},
		"as deep as may be":            {`{"node":` + node(30) + `}`, "-", nil},
		"deeper":                       {`{"node":` + node(31) + `}`, "", pomelo.ErrDepth},
		"deep and unknown":             {skipped(32), "\x08\x01", nil},
		"too deep and unknown":         {skipped(33), "", pomelo.ErrDepth},
		"nothing":                      {``, "", pomelo.ErrValue},
		"a list":                       {`[]`, "", pomelo.ErrValue},
		"no members":                   {`{}`, "", pomelo.ErrEmpty},
		"no more than unknown ones":    {`{"x":1}`, "", pomelo.ErrEmpty},
		"cut short":                    {`{"u":1`, "", pomelo.ErrJSON},
		"cut short in a string":        {`{"s":"x`, "", pomelo.ErrJSON},
		"cut short behind a backslash": {`{"x":"\`, "", pomelo.ErrJSON},
		"a comma too many":             {`{"u":1,}`, "", pomelo.ErrJSON},
		"a comma too few":              {`{"u":1"i":1}`, "", pomelo.ErrJSON},
		"a comma in an unknown list":   {`{"u":1,"x":[1,]}`, "", pomelo.ErrJSON},
		"no colon":                     {`{"u" 1}`, "", pomelo.ErrJSON},
		"no name":                      {`{1:1}`, "", pomelo.ErrJSON},
		"more behind it":               {`{"u":1}x`, "", pomelo.ErrJSON},
		"a zero byte behind it":        {"{\"u\":1}\x00", "", pomelo.ErrJSON},
		"no number":                    {`{"u":1,"x":01}`, "", pomelo.ErrJSON},
		"nor this":                     {`{"u":1,"x":1.}`, "", pomelo.ErrJSON},
		"nor this one":                 {`{"u":-}`, "", pomelo.ErrValue},
		"no word":                      {`{"x":nul}`, "", pomelo.ErrJSON},
		"a control character":          {"{\"x\":\"\n\"}", "", pomelo.ErrJSON},
	} {
		got, err := s.AppendBody([]byte("before"), "r", []byte(c.text))
		if c.want == "-" {
			c.want = string(got[len("before"):])
		}
		if !errors.Is(err, c.err) || string(got) != "before"+c.want {
			t.Errorf("%s: %x, %v, want %x, %v", name, got[len("before"):], err, c.want, c.err)
		}
	}
	if _, err := s.AppendBody(nil, "required", []byte(`{"s":"x","u":null}`)); !errors.Is(err, pomelo.ErrRequired) {
		t.Errorf("null where one is required: %v, want %v", err, pomelo.ErrRequired)
	}
	if _, err := s.AppendBody(nil, "R", []byte(`{}`)); !errors.Is(err, pomelo.ErrNoSchema) || s.Has("R") || !s.Has("r") {
		t.Errorf("another route: %v, want %v", err, pomelo.ErrNoSchema)
	}
}

func TestDecodingTypedBodies(t *testing.T) { // P10.5 to P10.9
	s := schema(t, all)
	deep := func(n int) (b string) {
		for range n {
			b = fmt.Sprintf("\x0a%c%s", len(b), b)
		}
		return fmt.Sprintf("\x4a%c%s", len(b), b)
	}
	for name, c := range map[string]struct {
		body, want string
		err        error
	}{
		"nothing":                            {"", `{}`, nil},
		"the order of the body":              {"\x2a\x01x\x08\x01", `{"s":"x","u":1}`, nil},
		"the last one wins":                  {"\x08\x01\x2a\x01x\x08\x02", `{"s":"x","u":2}`, nil},
		"also of messages, whole":            {"\x4a\x03\x1a\x01a\x4a\x00", `{"node":{}}`, nil},
		"lists are joined":                   {"\x30\x01\x01\x08\x01\x30\x00\x42\x01a\x30\x02\x02\x03\x42\x01b", `{"us":[1,2,3],"u":1,"ss":["a","b"]}`, nil},
		"an empty list":                      {"\x30\x00", `{"us":[]}`, nil},
		"empty parts only":                   {"\x30\x00\x30\x00", `{"us":[]}`, nil},
		"a list of messages":                 {"\x52\x00\x52\x03\x1a\x01a", `{"nodes":[{},{"s":"a"}]}`, nil},
		"a name in escapes":                  {"\x58\x01", `{"\"é\\":1}`, nil},
		"text in escapes":                    {"\x2a\x05\"\\\n\x01\x7f", `{"s":"\"\\\n\u0001` + "\x7f" + `"}`, nil},
		"beyond the BMP":                     {"\x2a\x04😀", `{"s":"😀"}`, nil},
		"no number at all":                   {"\x1d\x00\x00\xc0\x7f\x21\x00\x00\x00\x00\x00\x00\xf0\xff", `{"f":null,"d":null}`, nil},
		"minus zero":                         {"\x1d\x00\x00\x00\x80", `{"f":-0}`, nil},
		"small and large":                    {"\x3e\x02\x48\xaf\xbc\x9a\xf2\xd7\x7a\x3e\x50\xef\xe2\xd6\xe4\x1a\x4b\x44", `{"ds":[1e-07,1e+21]}`, nil},
		"the largest varint":                 {"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", `{"u":18446744073709551615}`, nil},
		"the same with a sign":               {"\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", `{"i":-9223372036854775808}`, nil},
		"one more":                           {"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", "", pomelo.ErrVarint},
		"eleven bytes":                       {"\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00", "", pomelo.ErrVarint},
		"a tag of 64 bits":                   {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "", pomelo.ErrTag},
		"a length of 64 bits":                {"\x2a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "", pomelo.ErrShortBody},
		"a count of 64 bits":                 {"\x3a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "", pomelo.ErrShortBody},
		"a count whose bytes overflow":       {"\x3a\x80\x80\x80\x80\x80\x80\x80\x80\x20", "", pomelo.ErrShortBody},
		"floats, one byte short":             {"\x65\x02\x00\x00\x00\x00\x00\x00\x00", "", pomelo.ErrShortBody},
		"as deep as may be":                  {deep(30), `{"node":` + strings.Repeat(`{"next":`, 30) + `{}` + strings.Repeat(`}`, 31), nil},
		"deeper":                             {deep(31), "", pomelo.ErrDepth},
		"malformed inside":                   {"\x4a\x01\x0a", "", pomelo.ErrShortBody},
		"malformed inside, and then another": {"\x4a\x01\x0a\x4a\x00", `{"node":{}}`, nil},
	} {
		got, err := s.AppendJSON([]byte("before"), "r", []byte(c.body))
		if !errors.Is(err, c.err) || string(got) != "before"+c.want {
			t.Errorf("%s: %s, %v, want %s, %v", name, got, err, c.want, c.err)
		}
	}
	if _, err := s.AppendJSON(nil, "R", nil); !errors.Is(err, pomelo.ErrNoSchema) {
		t.Errorf("another route: %v, want %v", err, pomelo.ErrNoSchema)
	}
}

func TestMessagesOfManyFields(t *testing.T) {
	var file, text, body strings.Builder
	file.WriteString(`{"r":{"required uInt32 f0":1`)
	text.WriteString(`{"f0":1`)
	body.WriteString("\x08\x01")
	for i := 1; i < 200; i++ {
		fmt.Fprintf(&file, `,"required uInt32 f%d":%d`, i, i+1)
		fmt.Fprintf(&text, `,"f%d":1`, i)
		key := (i + 1) << 3
		if key >= 128 {
			body.WriteByte(byte(key&127 | 128))
			key >>= 7
		}
		body.WriteByte(byte(key))
		body.WriteByte(1)
	}
	s := schema(t, file.String()+`}}`)
	text.WriteString(`}`)
	got, err := s.AppendBody(nil, "r", []byte(text.String()))
	if err != nil || string(got) != body.String() {
		t.Errorf("body = %x, %v, want %x", got, err, body.String())
	}
	back, err := s.AppendJSON(nil, "r", got)
	if err != nil || string(back) != text.String() {
		t.Errorf("JSON = %s, %v, want %s", back, err, text.String())
	}
	if _, err := s.AppendBody(nil, "r", []byte(strings.Replace(text.String(), `,"f150":1`, ``, 1))); !errors.Is(err, pomelo.ErrRequired) {
		t.Errorf("one missing: %v, want %v", err, pomelo.ErrRequired)
	}
}
