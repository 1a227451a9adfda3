package pomelo_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
)

// helloOf is the handshake of a client that signs with the key rsa (P14.1).
func helloOf(rsa string) string { return handshake(`{"sys":{"rsa":` + rsa + `}}`) }

func rsaOf(n, e string) string { return fmt.Sprintf(`{"rsa_n":%q,"rsa_e":%s}`, n, e) }

func TestSignaturesAreVerifiedLikeTheReferenceVerifiesThem(t *testing.T) { // P14.2
	var v cryptoVectors
	load(t, "pomelo-crypto.json", &v)
	for _, c := range v.Cases {
		talk := opened(pomelo.Config{Crypto: true}, helloOf(rsaOf(c.N, c.E.String())), ack)
		want := ""
		if c.Verifies {
			want = "request 7 r " + c.SignedText
		}
		if got := talk.says(data("\x00\x07\x01r" + c.Body)); got != want {
			t.Errorf("%s: %q, want %q", c.Name, got, want)
		}
	}
}

// signer signs as a client does.
type signer struct{ key *rsa.PrivateKey }

func newSigner(t testing.TB) signer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	return signer{key}
}

func (s signer) rsa() string { return rsaOf(s.key.N.Text(16), fmt.Sprint(s.key.E)) }

func (s signer) sign(text string) string {
	sum := sha256.Sum256([]byte(text))
	b, err := rsa.SignPKCS1v15(nil, s.key, crypto.SHA256, sum[:])
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf("%x", b)
}

func TestSignaturesAreCutOutOfTheText(t *testing.T) { // P14.2 to P14.4
	s := newSigner(t)
	// In body § stands for the signature over text; without text, over nothing.
	for name, c := range map[string]struct{ text, body string }{
		"last":                       {`{"a":1}`, `{"a":1,"__crypto__":"§"}`},
		"first":                      {`{"a":1}`, `{"__crypto__":"§","a":1}`},
		"in between":                 {`{"a":1,"b":2}`, `{"a":1,"__crypto__":"§","b":2}`},
		"alone":                      {`{}`, `{"__crypto__":"§"}`},
		"blanks stay":                {"{ \"a\" : 1.0 ,\n\"b\":2 } ", "{ \"a\" : 1.0 , \"__crypto__\" : \"§\",\n\"b\":2 } "},
		"blanks before the first":    {` { "a":1}`, ` {"__crypto__" : "§" , "a":1}`},
		"a number as it was":         {`{"a":1e2}`, `{"a":1e2,"__crypto__":"§"}`},
		"what is in a member stays":  {`{"a":{"__crypto__":"x"},"b":["__crypto__"]}`, `{"a":{"__crypto__":"x"},"b":["__crypto__"],"__crypto__":"§"}`},
		"Chinese":                    {`{"s":"中"}`, `{"s":"中","__crypto__":"§"}`},                                  // F 15
		"a browser's pair":           {`{"s":"😀"}`, `{"s":"` + "\xed\xa0\xbd\xed\xb8\x80" + `","__crypto__":"§"}`}, // P9.2
		"twice":                      {"", `{"__crypto__":"§","__crypto__":"§"}`},
		"no text":                    {"", `{"a":1,"__crypto__":5}`},
		"a list of it":               {"", `{"a":1,"__crypto__":["§"]}`},
		"none":                       {"", `{"a":1}`},
		"an empty one":               {"", `{"a":1,"__crypto__":""}`},
		"no hex but escapes":         {"", `{"a":1,"__crypto__":"\b\f"}`},
		"a list":                     {"", `["__crypto__","§"]`},
		"null":                       {"", `null`}, // F 2
		"nothing":                    {"", ``},
		"cut short":                  {"", `{"a":1,"__crypto__":"§"`},
		"more behind it":             {"", `{"__crypto__":"§"}{}`},
		"a comma too many":           {"", `{"a":1,"__crypto__":"§",}`},
		"no JSON":                    {"", `{a:1,"__crypto__":"§"}`},
		"no JSON in a member":        {"", `{"a":[1,],"__crypto__":"§"}`},
		"no escape in the signature": {"", `{"__crypto__":"\x§"}`},
		"nested over 32 levels":      {"", `{"a":` + strings.Repeat("[", 33) + strings.Repeat("]", 33) + `,"__crypto__":"§"}`},
	} {
		want := ""
		if c.text != "" {
			want = "request 7 r " + c.text
		}
		talk := opened(pomelo.Config{Crypto: true}, helloOf(s.rsa()), ack)
		body := strings.ReplaceAll(c.body, "§", s.sign(c.text))
		if got := talk.says(data("\x00\x07\x01r" + body)); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
		alive := strings.ReplaceAll(`{"b":2,"__crypto__":"§"}`, "§", s.sign(`{"b":2}`))
		if got, want := talk.says(data("\x02\x01r"+alive)), `notify 0 r {"b":2}`; got != want {
			t.Errorf("%s, and then: %q, want %q", name, got, want)
		}
	}
}

func TestKeysThatVerifyNothing(t *testing.T) { // P14.4
	s := newSigner(t)
	n := s.key.N.Text(16)
	body := `{"a":1,"__crypto__":"` + s.sign(`{"a":1}`) + `"}`
	for name, c := range map[string]struct {
		rsa   string
		right bool
	}{
		"the key":                {rsaOf(n, "65537"), true},
		"upper case":             {rsaOf(strings.ToUpper(n), "65537"), true},
		"none":                   {`{}`, false},
		"another":                {newSigner(t).rsa(), false},
		"no object":              {`1`, false},
		"a modulus of 0":         {rsaOf("0", "65537"), false},
		"a modulus of 1":         {rsaOf("1", "65537"), false},
		"an even one":            {rsaOf(n[:len(n)-1]+"0", "65537"), false},
		"a short one":            {rsaOf("c0ffef", "65537"), false},
		"no hex":                 {rsaOf("x"+n, "65537"), false},
		"a signed modulus":       {rsaOf("-"+n, "65537"), false},
		"the same with a plus":   {rsaOf("+"+n, "65537"), false},
		"an empty one":           {rsaOf("", "65537"), false},
		"too long a modulus":     {rsaOf(strings.Repeat("0", 1024)+n, "65537"), false},
		"an exponent of 0":       {rsaOf(n, "0"), false},
		"an exponent of 1":       {rsaOf(n, "1"), false},
		"a negative one":         {rsaOf(n, "-3"), false},
		"a fraction":             {rsaOf(n, "1.5"), false},
		"too long an exponent":   {rsaOf(n, "4294967296"), false},
		"an exponent that is no": {rsaOf(n, `"x"`), false},
	} {
		want := ""
		if c.right {
			want = `request 7 r {"a":1}`
		}
		talk := opened(pomelo.Config{Crypto: true}, helloOf(c.rsa), ack)
		if got := talk.says(data("\x00\x07\x01r" + body)); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestHandshakesWithoutAKey(t *testing.T) { // P4.3, P14.4
	no500, no501 := sends(`{"code":500}`)+", close refused", sends(`{"code":501}`)+", close refused"
	check := func(typ, _ string) bool { return typ != "old" }
	for body, want := range map[string]string{
		`{"sys":{}}`:                         no500,
		`{"sys":{"rsa":null}}`:               no500,
		`{"sys":{"rsa":0}}`:                  no500,
		`{"sys":1}`:                          no500,
		`{"sys":{"type":"old"}}`:             no501,
		`{"sys":{"rsa":{}}}`:                 "welcome?",
		`{"sys":{"rsa":{"rsa_n":[]}}}`:       "welcome?",
		`{"sys":{"rsa":"x","type":"new"}}`:   "welcome?",
		`{"sys":{"rsa":{},"dictVersion":1}}`: "welcome?",
	} {
		if got := open(pomelo.Config{Crypto: true, CheckClient: check}).says(handshake(body)); got != want {
			t.Errorf("%s: %s, want %s", body, got, want)
		}
	}
	if got, want := opened(pomelo.Config{}, helloOf(`{}`), ack).says(ask), "request 1 r {}"; got != want {
		t.Errorf("with a key that nobody asked for: %s, want %s", got, want)
	}
}

func TestTypedBodiesCannotBeSigned(t *testing.T) { // P14.5
	cfg := typed(t)
	cfg.Crypto = true
	s := newSigner(t)
	talk := opened(cfg, helloOf(s.rsa()), ack)
	if got := talk.says(data("\x00\x07\x01r\x08\x05")); got != "" {
		t.Errorf("a typed body: %s, want it dropped", got)
	}
	body := fmt.Sprintf(`{"__crypto__":%q}`, s.sign("{}"))
	if got, want := talk.says(data("\x00\x07\x01x"+body)), "request 7 x {}"; got != want {
		t.Errorf("another route: %s, want %s", got, want)
	}
}

func TestCachedVersionsCountAsText(t *testing.T) { // P4.1, P4.2.1
	cfg := pomelo.Config{Protos: protos(t, ``, ``).WithVersion("7")}
	full := `{"code":200,"sys":{"protos":{"server":{},"client":{},"version":"7"},"useProto":true}}`
	for version, want := range map[string]string{
		`"7"`:  `{"code":200,"sys":{"useProto":true}}`,
		`7`:    full,
		`null`: full,
		`""`:   full,
	} {
		talk := open(cfg)
		talk.says(handshake(`{"sys":{"protoVersion":` + version + `}}`))
		if got := talk.welcome(nil, nil); got != sends(want) {
			t.Errorf("%s: %s, want %s", version, got, sends(want))
		}
	}
	var answer struct{ Sys struct{ DictVersion string } }
	cfg = pomelo.Config{Dict: dictionary(t, nil, []string{"😀"})}
	talk := open(cfg)
	talk.says(hello)
	talk.welcome(nil, nil)
	if err := json.Unmarshal(talk.step.Send[pomelo.HeaderLen:], &answer); err != nil || answer.Sys.DictVersion != cfg.Dict.Version() {
		t.Errorf("answer = %s, %v, want version %s", talk.step.Send, err, cfg.Dict.Version())
	}
}
