package archtest_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/fairlead-go/fairlead/internal/archtest"
)

const ours = `"github.com/fairlead-go/fairlead/`

// Each check is shown to fail, and to pass beside it.
func TestEachCheckCanFail(t *testing.T) {
	long := "package x\n" + strings.Repeat("//\n", 499)
	for name, c := range map[string]struct {
		check func(*archtest.Tree) []string
		files map[string]string
		want  []string // the beginning of each breach
	}{
		"a wire may not know actors": {
			archtest.Imports, file("connectors/wire/pomelo/x.go", "package pomelo\nimport "+ours+`actors"`),
			[]string{"connectors/wire/pomelo/x.go:2: connectors/wire/pomelo may not import " + ours[1:] + "actors"},
		},
		"a wire may know the contract": {archtest.Imports, file("connectors/wire/pomelo/x.go", "package pomelo\nimport "+ours+`connectors"`), nil},
		"connectors may not know each other": {
			archtest.Imports, file("connectors/hybrid/x.go", "package hybrid\nimport "+ours+`connectors/udp"`),
			[]string{"connectors/hybrid/x.go:2: connectors/hybrid may not import"},
		},
		"a connector may ask who comes in": {archtest.Imports, file("connectors/hybrid/x.go", "package hybrid\nimport "+ours+`connectors/admit"`), nil},
		"who comes in is asked of no wire": {archtest.Imports, file("connectors/admit/x.go", "package admit\nimport "+ours+`connectors"`), []string{"connectors/admit/x.go:2"}},
		"a header is read without a port":  {archtest.Imports, file("connectors/port/proxy/x.go", "package proxy\nimport "+ours+`connectors/port"`), []string{"connectors/port/proxy/x.go:2"}},
		"a connector may share a port":     {archtest.Imports, file("connectors/hybrid/x.go", "package hybrid\nimport "+ours+`connectors/port"`), nil},
		"a connector may use gorilla":      {archtest.Imports, file("connectors/hybrid/x.go", "package hybrid\nimport \"github.com/gorilla/websocket\""), nil},
		"actors may not use gorilla":       {archtest.Imports, file("actors/x.go", "package actors\nimport \"github.com/gorilla/websocket\""), []string{"actors/x.go:2"}},
		"actors may not know a connector":  {archtest.Imports, file("actors/x.go", "package actors\nimport "+ours+`connectors/memory"`), []string{"actors/x.go:2"}},
		"their tests may":                  {archtest.Imports, file("actors/x_test.go", "package actors_test\nimport "+ours+`connectors/memory"`), nil},
		"their tests may not go up":        {archtest.Imports, file("actors/x_test.go", "package actors_test\nimport "+ours+`supervisor"`), []string{"actors/x_test.go:2"}},
		"examples show the whole":          {archtest.Imports, file("actors/example_test.go", "package actors_test\nimport "+ours+`supervisor"`), nil},
		"tests may import their package":   {archtest.Imports, file("messages/x_test.go", "package messages_test\nimport "+ours+`messages"`), nil},
		"helpers for tests are for tests":  {archtest.Imports, file("actors/x.go", "package actors\nimport "+ours+`internal/leak"`), []string{"actors/x.go:2"}},
		"actors log calmly":                {archtest.Imports, file("actors/x.go", "package actors\nimport "+ours+`internal/calm"`), nil},
		"a wire does not log":              {archtest.Imports, file("connectors/wire/pomelo/x.go", "package pomelo\nimport "+ours+`internal/calm"`), []string{"connectors/wire/pomelo/x.go:2"}},
		"what others stand on has no legs": {archtest.Imports, file("internal/calm/x.go", "package calm\nimport "+ours+`messages"`), []string{"internal/calm/x.go:2"}},
		"only cmd brings its own modules":  {archtest.Imports, file("supervisor/x.go", "package supervisor\nimport \"example.com/x\""), []string{"supervisor/x.go:2"}},
		"cmd may import everything":        {archtest.Imports, file("cmd/demo/x.go", "package main\nimport (\n\"example.com/x\"\n"+ours+`actors"`+"\n)"), nil},
		"a folder without a rule":          {archtest.Imports, file("gates/x.go", "package gates"), []string{`gates/x.go: the import table has no rule for package "gates"`}},
		"files of other platforms count":   {archtest.Imports, file("actors/x_windows.go", "//go:build windows\n\npackage actors\nimport \"example.com/x\""), []string{"actors/x_windows.go:4"}},
		"a nested module is left out":      {archtest.Imports, map[string]string{"internal/y/go.mod": "module y", "internal/y/gates/x.go": "package gates"}, nil},
		"a package at the root":            {archtest.Names, file("x.go", "package fairlead"), []string{"x.go: the root"}},
		"a package named utils":            {archtest.Names, file("actors/utils/x.go", "package utils"), []string{"actors/utils/x.go: a package named utils"}},
		"a package under pkg":              {archtest.Names, file("pkg/x/x.go", "package x"), []string{"pkg/x/x.go: a package named pkg"}},
		"a package named for what it does": {archtest.Names, file("actors/x.go", "package actors"), nil},
		"a file of 500 lines":              {archtest.Lengths, file("actors/x.go", long), nil},
		"a file of 501 lines":              {archtest.Lengths, file("actors/x.go", long+"//\n"), []string{"actors/x.go: 501 lines"}},
		"a long generated file":            {archtest.Lengths, file("messages/x.go", "// Code generated by x. DO NOT EDIT.\n"+long), nil},
		"an init function":                 {archtest.Inits, file("actors/x.go", "package actors\nfunc init() {}"), []string{"actors/x.go:2"}},
		"a method named init":              {archtest.Inits, file("actors/x.go", "package actors\nfunc (x) init() {}"), nil},
		"a function of 60 lines":           {archtest.Functions, file("actors/x.go", "package actors\nfunc f() {"+strings.Repeat("\n", 59)+"}"), nil},
		"a function of 61 lines":           {archtest.Functions, file("actors/x.go", "package actors\nfunc f() {"+strings.Repeat("\n", 60)+"}"), []string{"actors/x.go:2: f has 61 lines"}},
		"five parameters":                  {archtest.Functions, file("actors/x.go", "package actors\nfunc f(a, b, c int, d, e string) {}"), []string{"actors/x.go:2: f takes 5"}},
		"five that an interface asks for":  {archtest.Functions, file("actors/x.go", "package actors\nfunc (x) F(a, b, c int, d, e string) {}"), nil},
		"exported and silent": {
			archtest.Docs, file("actors/x.go", "// Package actors is.\npackage actors\n\nfunc F() {}\n\ntype T[P any] struct{}\n\nfunc (*T[P]) M() {}\n\nconst C = 1\n"),
			[]string{"actors/x.go:4: F has", "actors/x.go:6: T has", "actors/x.go:8: M has", "actors/x.go:10: C has"},
		},
		"exported and explained": {
			archtest.Docs, file("actors/x.go", "// Package actors is.\npackage actors\n\n// F does.\nfunc F() {}\n\n// T is.\ntype T int\n\nfunc (T) String() string { return \"\" }\n\n// All.\nconst (\n\tA = 1\n\tB = 2\n)\n\nvar V int // is\n"),
			nil,
		},
		"silent but not exported":           {archtest.Docs, file("actors/x.go", "// Package actors is.\npackage actors\n\ntype t int\n\nfunc (t) M() {}\n\nfunc f() {}\n"), nil},
		"silent but internal":               {archtest.Docs, file("internal/x/x.go", "package x\nfunc F() {}"), nil},
		"a package without a comment":       {archtest.Docs, file("actors/x.go", "package actors"), []string{"actors/x.go: package actors has no comment"}},
		"a sleep":                           {archtest.Sleeps, file("actors/x_test.go", "package actors\nfunc TestX() { time.Sleep(1) }"), []string{"actors/x_test.go:2"}},
		"a sleep in a variable":             {archtest.Sleeps, file("actors/x_test.go", "package actors\nvar wait = func() { time.Sleep(1) }"), []string{"actors/x_test.go:2"}},
		"a sleep in a bubble":               {archtest.Sleeps, file("actors/x_test.go", "package actors\nfunc TestX() { synctest.Test(t, func() { time.Sleep(1) }) }"), nil},
		"a sleep in what a helper bubbles":  {archtest.Sleeps, file("actors/x_test.go", "package actors\nfunc TestX() { twice(func() { time.Sleep(1) }) }\nfunc twice(f func()) { synctest.Test(t, f) }"), nil},
		"a sleep that speaks of its bubble": {archtest.Sleeps, file("actors/x_test.go", "package actors\n\n// settle ends a bubble.\nfunc settle() { time.Sleep(1) }"), nil},
		"a sleep that is no test's":         {archtest.Sleeps, file("cmd/x/x.go", "package main\nfunc main() { time.Sleep(1) }"), nil},
		"a README without the commands": {
			archtest.Readme, file("README.md", "go run ./cmd/demo"),
			[]string{`README.md: does not show "go test ./..."`},
		},
		"a README with both":            {archtest.Readme, file("README.md", "go run ./cmd/demo\ngo test ./..."), nil},
		"no licence":                    {archtest.Licence, nil, []string{"LICENSE: is not"}},
		"another licence":               {archtest.Licence, file("LICENSE", "MIT License"), []string{"LICENSE: is not"}},
		"the licence":                   {archtest.Licence, file("LICENSE", "Apache License\nVersion 2.0"), nil},
		"a link to no file":             {archtest.Links, file("README.md", "[x](docs/x.md)"), []string{"README.md: the link to docs/x.md"}},
		"a link to a file":              {archtest.Links, map[string]string{"docs/a.md": "[b](b.md) [up](../README.md)", "docs/b.md": "", "README.md": "[docs](docs)"}, nil},
		"a link to no heading":          {archtest.Links, file("README.md", "# A\n[x](#b)"), []string{"README.md: the link to #b"}},
		"a link to a heading":           {archtest.Links, map[string]string{"README.md": "[x](a.md#two-words-1)", "a.md": "## Two `words`, 1\n"}, nil},
		"a picture that is not there":   {archtest.Links, file("README.md", `![x](x.png) <img src="y.png">`), []string{"README.md: the link to x.png", "README.md: the link to y.png"}},
		"a link to another site":        {archtest.Links, file("README.md", "[x](https://example.com/x.md)"), nil},
		"a link in a program":           {archtest.Links, file("README.md", "```go\nf[x](y)\n```\n"), nil},
		"a path of one machine":         {archtest.Places, file("docs/x.md", "see /"+"home/me/x"), []string{"docs/x.md:1: a path of one machine"}},
		"a path below our own":          {archtest.Places, file("docs/x.md", "see docs/"+"home/x and ./"+"work/y"), nil},
		"a registry in a lock file":     {archtest.Places, file("x/package-lock.json", "{\n\"resolved\": \"registry.npm"+"js.org/x\""), []string{"x/package-lock.json:2: a package registry"}},
		"what npm brings is left out":   {archtest.Places, file("x/node_modules/y/z.js", "/"+"home/me"), nil},
		"what is no text is left alone": {archtest.Places, file("x.png", "\x00/"+"home/me"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			got := c.check(load(t, c.files))
			if !slices.EqualFunc(got, c.want, strings.HasPrefix) {
				t.Errorf("breaches = %q, want ones that begin with %q", got, c.want)
			}
		})
	}
}

func TestNoCheckIsMissing(t *testing.T) {
	tree := load(t, map[string]string{
		"gates/utils/x.go": "package utils\nimport \"example.com/x\"\nfunc init() {}\nfunc F(a, b, c, d, e int) {}" + strings.Repeat("\n", 500),
		"actors/x_test.go": "package actors\nfunc TestX() { time.Sleep(1) }",
		"README.md":        "[x](x.md) /" + "home/me",
	})
	for _, name := range slices.Sorted(maps.Keys(checks)) {
		if len(checks[name](tree)) == 0 {
			t.Errorf("%q finds nothing in a tree that breaks every rule", name)
		}
	}
}

func file(name, text string) map[string]string { return map[string]string{name: text} }
