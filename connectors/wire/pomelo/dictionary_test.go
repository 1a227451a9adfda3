package pomelo_test

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
	"github.com/fairlead-go/fairlead/messages"
)

// dictionary makes one that must be right.
func dictionary(t testing.TB, routes, user []string) *pomelo.Dictionary {
	t.Helper()
	d, err := pomelo.NewDictionary(routes, user)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// labDictionary is that of the recorded server: its handlers, and three routes of
// the user.
func labDictionary(t testing.TB) *pomelo.Dictionary {
	t.Helper()
	var v handshakeVectors
	load(t, "pomelo-handshake.json", &v)
	var routes []string
	for _, route := range v.Dictionary.CodeToRoute {
		if strings.Contains(route, ".") {
			routes = append(routes, route)
		}
	}
	return dictionary(t, routes, []string{"onChat", "onPush", "onNote"})
}

func TestDictionariesAreThoseOfTheReference(t *testing.T) { // P8.1, P8.3
	var v dictionaryVectors
	load(t, "pomelo-dictionary.json", &v)
	for _, c := range v.Cases {
		var routes []string
		for server, handlers := range c.Servers {
			for handler, methods := range handlers {
				for _, method := range methods {
					routes = append(routes, server+"."+handler+"."+method)
				}
			}
		}
		d := dictionary(t, routes, c.User)
		if d.JSON() != c.DictJSON || d.Version() != c.Version {
			t.Errorf("%s: %s of version %s, want %s of %s", c.Name, d.JSON(), d.Version(), c.DictJSON, c.Version)
		}
		for route, want := range c.Dict {
			if got, ok := d.Code(route); got != want || !ok {
				t.Errorf("%s: code of %s = %d, %v, want %d", c.Name, route, got, ok, want)
			}
		}
		for code := range uint16(len(c.Abbrs) + 2) {
			want, known := c.Abbrs[strconv.Itoa(int(code))]
			if got, ok := d.Route(code); got != want || ok != known {
				t.Errorf("%s: route of %d = %q, %v, want %q, %v", c.Name, code, got, ok, want, known)
			}
		}
	}
}

func TestRoutesAreSortedLikeJavaScriptSorts(t *testing.T) { // P8.1
	routes := []string{"\ue000.a", "b.a", "😀.a", "B.a", "b.a", "_.a", "b"}
	before := slices.Clone(routes)
	d := dictionary(t, routes, nil)
	var got []string
	for code := uint16(1); ; code++ {
		route, ok := d.Route(code)
		if !ok {
			break
		}
		got = append(got, route)
	}
	if want := []string{"B.a", "_.a", "b", "b.a", "😀.a", "\ue000.a"}; !slices.Equal(got, want) {
		t.Errorf("sorted = %q, want %q", got, want)
	}
	if !slices.Equal(routes, before) {
		t.Errorf("what was given is now %q", routes)
	}
}

func TestDictionariesThatCannotBe(t *testing.T) {
	most := make([]string, 65535)
	for i := range most {
		most[i] = fmt.Sprint("r", i)
	}
	long := strings.Repeat("r", pomelo.MaxRoute)
	for name, c := range map[string]struct {
		user []string
		want error
	}{
		"as many as 16 bits number": {most, nil},
		"one more":                  {append(slices.Clip(most), "r"), pomelo.ErrDictionary},
		"the longest route":         {[]string{long}, nil},
		"a longer one":              {[]string{long + "r"}, pomelo.ErrRoute},
		"a route that is no text":   {[]string{"\xff"}, pomelo.ErrRoute},
	} {
		if _, err := pomelo.NewDictionary(nil, c.user); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestNoDictionaryKnowsNothing(t *testing.T) {
	var none *pomelo.Dictionary
	if code, ok := none.Code("r"); ok {
		t.Errorf("code = %d", code)
	}
	if route, ok := none.Route(1); ok {
		t.Errorf("route = %q", route)
	}
}

func TestCompressedRoutes(t *testing.T) { // P8.2
	cfg := pomelo.Config{Dict: dictionary(t, []string{"a.b", "a.c"}, []string{"a.b", "onChat"})}
	for name, c := range map[string]struct{ message, want string }{
		"a code":              {"\x01\x07\x00\x02{}", "request 7 a.c {}"},
		"the route in full":   {"\x00\x07\x03a.c{}", "request 7 a.c {}"},
		"the old code":        {"\x01\x07\x00\x01{}", "request 7 a.b {}"},
		"the new code":        {"\x01\x07\x00\x03{}", "request 7 a.b {}"},
		"a code of the user":  {"\x01\x07\x00\x04{}", "request 7 onChat {}"},
		"in a notify":         {"\x03\x00\x02{}", "notify 0 a.c {}"},
		"in a push":           {"\x07\x00\x02{}", "notify 0 a.c {}"},
		"code 0":              {"\x01\x07\x00\x00{}", fmt.Sprintf("send %q", data("\x04\x07"+`{"code":500}`))}, // P7.1
		"an unknown code":     {"\x01\x07\xff\xff{}", fmt.Sprintf("send %q", data("\x04\x07"+`{"code":500}`))},
		"unknown in a notify": {"\x03\xff\xff{}", ""},
		"half a code":         {"\x01\x07\x00", "close malformed"},
	} {
		if got := opened(cfg, hello, ack).says(data(c.message)); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	codec := pomelo.NewCodec(&cfg)
	for route, want := range map[string]string{
		"onChat": "\x07\x00\x041",
		"a.b":    "\x07\x00\x031",
		"other":  "\x06\x05other1",
	} {
		got, err := codec.AppendPush([]byte("before"), &messages.Push{Route: route, Body: []byte("1")})
		if err != nil || string(got) != "before"+data(want) {
			t.Errorf("push %s: %q, %v, want %q", route, got, err, data(want))
		}
	}
}

func TestCodecsOfAConnectorAreEqual(t *testing.T) {
	plain, dict := pomelo.Config{}, pomelo.Config{Dict: dictionary(t, nil, nil)}
	codecOf := func(cfg *pomelo.Config) connectors.Codec {
		p := pomelo.NewProtocol(cfg, connectors.Hello{})
		var step connectors.Step
		p.Feed(&step, connectors.Frame{Data: []byte(hello)}, begin)
		p.Welcome(&step, nil, nil, begin)
		p.Feed(&step, connectors.Frame{Data: []byte(ack)}, begin)
		return step.Codec
	}
	plain, dict = plain.WithDefaults(), dict.WithDefaults()
	if a, b := codecOf(&dict), codecOf(&dict); a != b || a != connectors.Codec(pomelo.NewCodec(&dict)) {
		t.Errorf("two clients of a connector have %v and %v", a, b)
	}
	if a, b := codecOf(&dict), codecOf(&plain); a == b {
		t.Error("a codec with a dictionary equals one without")
	}
	if got := codecOf(&plain); got != connectors.Codec(pomelo.Codec{}) {
		t.Errorf("a connector with nothing special has %v", got)
	}
}
