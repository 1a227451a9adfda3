package archtest

import (
	"bytes"
	"fmt"
	"path"
	"regexp"
	"strings"
	"unicode"
)

// Readme finds what README.md must say and does not: the two commands by which a
// stranger starts the demo and runs the tests.
func Readme(t *Tree) (breaches []string) {
	for _, command := range []string{"go run ./cmd/demo", "go test ./..."} {
		if !bytes.Contains(t.Texts["README.md"], []byte(command)) {
			breaches = append(breaches, fmt.Sprintf("README.md: does not show %q", command))
		}
	}
	return breaches
}

// Licence finds that the licence is not where people and tools look for it.
func Licence(t *Tree) []string {
	text := string(t.Texts["LICENSE"])
	if strings.Contains(text, "Apache License") && strings.Contains(text, "Version 2.0") {
		return nil
	}
	return []string{"LICENSE: is not the Apache License, Version 2.0"}
}

var (
	link    = regexp.MustCompile(`\]\(<?([^)\s>]+)|(?:src|href)="([^"]+)"`)
	heading = regexp.MustCompile(`(?m)^#{1,6} +(.+?) *$`)
	fence   = regexp.MustCompile("(?ms)^```.*?^```")
	anchor  = regexp.MustCompile(`(?:id|name)="([^"]+)"`)
)

// Links finds relative links in the documents that lead to no file, or to no
// heading of theirs.
func Links(t *Tree) (breaches []string) {
	for _, name := range t.sorted() {
		if path.Ext(name) != ".md" {
			continue
		}
		for _, m := range link.FindAllSubmatch(fence.ReplaceAll(t.Texts[name], nil), -1) {
			if target := string(m[1]) + string(m[2]); !t.resolves(name, target) {
				breaches = append(breaches, fmt.Sprintf("%s: the link to %s leads nowhere", name, target))
			}
		}
	}
	return breaches
}

// resolves says whether a link in a document leads somewhere. Other sites are
// not asked.
func (t *Tree) resolves(document, target string) bool {
	if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
		return true
	}
	file, section, _ := strings.Cut(target, "#")
	to := document
	if file != "" {
		to = path.Join(path.Dir(document), file)
	}
	if !t.found[to] {
		return false
	}
	return section == "" || path.Ext(to) != ".md" || hasSection(t.Texts[to], section)
}

func hasSection(text []byte, section string) bool {
	for _, m := range anchor.FindAllSubmatch(text, -1) {
		if string(m[1]) == section {
			return true
		}
	}
	for _, m := range heading.FindAllSubmatch(text, -1) {
		if slug(string(m[1])) == section {
			return true
		}
	}
	return false
}

// slug is a heading as links name it: lower case, dashes for spaces, no other
// punctuation.
func slug(heading string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
			return unicode.ToLower(r)
		}
		return -1
	}, heading)
}

var (
	// places are folders of somebody's machine. The brackets keep the
	// expression from finding itself.
	places = regexp.MustCompile(`(?:^|[^\w.~-])/(?:wor[k]|far[m]|roo[t]|hom[e]|User[s]|tmp/bash_job[s])(?:/|\b)`)
	// registries are hosts that packages come from: lock files leave them out.
	registries = regexp.MustCompile(`npmjs\.(?:org|com)|yarnpkg\.com|(?:proxy|sum)\.golang\.org|goproxy\.\w+|deb\.debian\.org|pypi\.org`)
)

// Places finds paths of somebody's machine and names of package registries.
func Places(t *Tree) (breaches []string) {
	for _, name := range t.sorted() {
		for i, line := range bytes.Split(t.Texts[name], []byte("\n")) {
			if m := places.Find(line); m != nil {
				breaches = append(breaches, fmt.Sprintf("%s:%d: a path of one machine: %s", name, i+1, bytes.TrimSpace(m)))
			}
			if m := registries.Find(line); m != nil {
				breaches = append(breaches, fmt.Sprintf("%s:%d: a package registry: %s", name, i+1, m))
			}
		}
	}
	return breaches
}
