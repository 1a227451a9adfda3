package archtest

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

const (
	guide    = "docs/guide/"
	protocol = "docs/protocol.md"
)

// program is a fenced piece of Go.
var program = regexp.MustCompile("(?ms)^```go\n(.*?)^```")

// Programs finds Go in the guide that is not, line by line and in one piece, in a
// Go file that the page links to: what readers copy is what tests run. Only a free
// port of a test's may be a port that readers know.
func Programs(t *Tree) (breaches []string) {
	for _, name := range t.sorted() {
		if !strings.HasPrefix(name, guide) || path.Ext(name) != ".md" {
			continue
		}
		var sources [][]string
		for _, m := range link.FindAllSubmatch(t.Texts[name], -1) {
			if target := path.Join(path.Dir(name), string(m[1])); path.Ext(target) == ".go" {
				sources = append(sources, lines(string(t.Texts[target])))
			}
		}
		for _, m := range program.FindAllSubmatch(t.Texts[name], -1) {
			piece := lines(string(m[1]))
			if !slices.ContainsFunc(sources, func(s []string) bool { return holds(s, piece) }) {
				breaches = append(breaches, fmt.Sprintf("%s: %q… is in no Go file that the page links to", name, piece[0]))
			}
		}
	}
	return breaches
}

// lines are those of a text without what surrounds it, each without its indentation.
func lines(text string) []string {
	text = strings.ReplaceAll(text, `"127.0.0.1:0"`, `":3010"`)
	list := strings.Split(strings.TrimSpace(text), "\n")
	for i, l := range list {
		list[i] = strings.TrimSpace(l)
	}
	return list
}

// holds tells whether piece is in source, in one piece.
func holds(source, piece []string) bool {
	for i := 0; i+len(piece) <= len(source); i++ {
		if slices.Equal(source[i:i+len(piece)], piece) {
			return true
		}
	}
	return false
}

var (
	cited   = regexp.MustCompile(`\bP\d+\.\d+(?:\.\d+)?\b|\bF \d+\b`)
	clauses = regexp.MustCompile(`(?m)^(?:\*\*(P[\d.]+)\*\* |\| (F \d+) \|)`)
)

// Clauses finds clauses of the protocol that Go files cite and that are not there,
// and those that are there twice.
func Clauses(t *Tree) (breaches []string) {
	there := map[string]bool{}
	for _, m := range clauses.FindAllSubmatch(t.Texts[protocol], -1) {
		c := string(m[1]) + string(m[2])
		if there[c] {
			breaches = append(breaches, fmt.Sprintf("%s: %s is there twice", protocol, c))
		}
		there[c] = true
	}
	for _, s := range t.Go {
		if strings.HasPrefix(s.Path, "internal/archtest/") {
			continue // whose tests cite what is not there
		}
		for _, g := range s.Comments {
			for _, c := range g.List {
				for _, clause := range cited.FindAllString(c.Text, -1) {
					if !there[clause] {
						breaches = append(breaches, fmt.Sprintf("%s: %s has no clause %s", t.at(c), protocol, clause))
					}
				}
			}
		}
	}
	return breaches
}
