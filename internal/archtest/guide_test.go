package archtest_test

import (
	"fmt"
	"go/ast"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/fairlead-go/fairlead/internal/archtest"
	"github.com/fairlead-go/fairlead/messages"
)

func TestTheGuideShowsWhatRuns(t *testing.T) {
	tree, err := archtest.Load(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	for _, breach := range append(archtest.Programs(tree), archtest.Clauses(tree)...) {
		t.Error(breach)
	}
}

func TestTheGuidesChecksCanFail(t *testing.T) {
	const page = "docs/guide/x.md"
	fenced := "[x](../../x_test.go)\n```go\n\ta()\n\tb()\n```\n"
	for name, c := range map[string]struct {
		check func(*archtest.Tree) []string
		files map[string]string
		want  []string // the beginning of each breach
	}{
		"a program that is in its file":     {archtest.Programs, map[string]string{page: fenced, "x_test.go": "package x\n\nfunc f() {\n\t\ta()\n\t\tb()\n}\n"}, nil},
		"a program that is nowhere":         {archtest.Programs, map[string]string{page: fenced, "x_test.go": "package x\n"}, []string{page + `: "a()"… is in no`}},
		"a program with a line left out":    {archtest.Programs, map[string]string{page: fenced, "x_test.go": "package x\n\nfunc f() {\n\ta()\n\tc()\n\tb()\n}\n"}, []string{page + `: "a()"`}},
		"a program whose file is no link":   {archtest.Programs, map[string]string{page: fenced[strings.Index(fenced, "```"):], "x_test.go": "package x\n\nfunc f() {\n\ta()\n\tb()\n}\n"}, []string{page}},
		"a program that is not the guide's": {archtest.Programs, file("docs/x.md", fenced), nil},
		"a free port for a known one":       {archtest.Programs, map[string]string{page: "[x](../../x_test.go)\n```go\na(\":3010\")\n```\n", "x_test.go": "package x\n\nvar _ = a(\n\t\"127.0.0.1:0\")\n\nfunc f() {\n\ta(\"127.0.0.1:0\")\n}\n"}, nil},
		"what is no Go":                     {archtest.Programs, file(page, "```\na()\n```\n"), nil},
		"a clause that is there":            {archtest.Clauses, map[string]string{"docs/protocol.md": "**P4.2** Yes.\n\n| F 7 | no |\n", "x/x.go": "package x\n\n// As P4.2 says (F 7).\n"}, nil},
		"a clause that is not":              {archtest.Clauses, map[string]string{"docs/protocol.md": "**P4.2** Yes.\n", "x/x.go": "package x\n\n// As P4.20 says (F 7).\n"}, []string{"x/x.go:3: docs/protocol.md has no clause P4.20", "x/x.go:3: docs/protocol.md has no clause F 7"}},
		"a clause that is there twice":      {archtest.Clauses, file("docs/protocol.md", "**P4.2** Yes.\n\n**P4.2** No.\n"), []string{"docs/protocol.md: P4.2 is there twice"}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.check(load(t, c.files)); !slices.EqualFunc(got, c.want, strings.HasPrefix) {
				t.Errorf("breaches = %q, want ones that begin with %q", got, c.want)
			}
		})
	}
}

// A test that a promise names must be there.
func TestPromisesNameTestsThatAre(t *testing.T) {
	text, err := os.ReadFile("../../docs/reliability.md")
	if err != nil {
		t.Fatal(err)
	}
	tree, err := archtest.Load(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile("`((?:Test|Fuzz|Benchmark)[A-Za-z0-9]+)").FindAllStringSubmatch(string(text), -1) {
		if !slices.ContainsFunc(tree.Go, func(s *archtest.Source) bool { return declares(s, m[1]) }) {
			t.Errorf("docs/reliability.md names %s, which is nowhere", m[1])
		}
	}
	for n := range messages.FaultKind_name {
		if n != 0 && !strings.Contains(string(text), fmt.Sprintf("| Fault %d", n)) {
			t.Errorf("docs/reliability.md has no row for Fault %d", n)
		}
	}
}

func declares(s *archtest.Source, name string) bool {
	return slices.ContainsFunc(s.Decls, func(d ast.Decl) bool {
		f, ok := d.(*ast.FuncDecl)
		return ok && f.Name.Name == name
	})
}

func TestTheTableOfCodesIsComplete(t *testing.T) {
	text, err := os.ReadFile("../../docs/protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := []string{}
	for n := range messages.Cause_name {
		rows = append(rows, fmt.Sprintf("\n| %d | `Closed` |", n))
	}
	for _, n := range []int{
		messages.CodeBadRequest, messages.CodeConflict, messages.CodeGone,
		messages.CodeInternal, messages.CodeBusy, messages.CodeTimeout,
	} {
		rows = append(rows, fmt.Sprintf("\n| %d | response", n))
	}
	for _, row := range rows {
		if strings.Count(string(text), row) != 1 {
			t.Errorf("docs/protocol.md has %q not once", row)
		}
	}
}
