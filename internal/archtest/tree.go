// Package archtest holds the project to its own rules: what may import what, how
// long a file gets, that links lead somewhere. Each check reads a tree of files
// and returns its breaches in words, so each can be shown to fail on a small
// tree. The rules it cannot see (who owns a field, what a comment is worth) are
// for readers.
package archtest

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// module is the path that our import paths begin with.
const module = "github.com/fairlead-go/fairlead"

// Tree is the files of a repository: what is in .git or node_modules, and what
// belongs to a nested module, is left out.
type Tree struct {
	Texts map[string][]byte // text files by their path
	Go    []*Source         // in the order of their paths
	fset  *token.FileSet
	found map[string]bool // every file and folder
}

// Source is one Go file, whatever platform it is for.
type Source struct {
	*ast.File
	Path      string
	Lines     int
	Generated bool
}

// Folder is the path of the file's package below the module; "" for the root.
func (s *Source) Folder() string {
	if dir := path.Dir(s.Path); dir != "." {
		return dir
	}
	return ""
}

// Test says whether the file is compiled for tests only.
func (s *Source) Test() bool { return strings.HasSuffix(s.Path, "_test.go") }

// Load reads a tree.
func Load(fsys fs.FS) (*Tree, error) {
	t := &Tree{Texts: map[string][]byte{}, fset: token.NewFileSet(), found: map[string]bool{}}
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == ".git" || d.Name() == "node_modules"):
			return fs.SkipDir
		case d.IsDir(), !d.Type().IsRegular(), name == ".git": // a linked worktree's is a file
			t.found[name] = true
			return nil
		}
		t.found[name] = true
		return t.add(fsys, name)
	})
	return t, err
}

func (t *Tree) add(fsys fs.FS, name string) error {
	data, err := fs.ReadFile(fsys, name)
	if err != nil || bytes.IndexByte(data, 0) >= 0 {
		return err // what holds a zero byte is no text
	}
	t.Texts[name] = data
	if path.Ext(name) != ".go" || slices.Contains(strings.Split(name, "/"), "testdata") || t.nested(fsys, path.Dir(name)) {
		return nil
	}
	file, err := parser.ParseFile(t.fset, name, data, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	t.Go = append(t.Go, &Source{
		File:      file,
		Path:      name,
		Lines:     bytes.Count(data, []byte("\n")),
		Generated: ast.IsGenerated(file),
	})
	return nil
}

// nested says whether a folder belongs to a module below the root.
func (t *Tree) nested(fsys fs.FS, dir string) bool {
	for ; dir != "."; dir = path.Dir(dir) {
		if _, err := fs.Stat(fsys, path.Join(dir, "go.mod")); err == nil {
			return true
		}
	}
	return false
}

// at is where a node stands: "actors/socket.go:12".
func (t *Tree) at(n ast.Node) string {
	p := t.fset.Position(n.Pos())
	return fmt.Sprintf("%s:%d", p.Filename, p.Line)
}

// sorted returns the paths of the texts in order.
func (t *Tree) sorted() []string {
	names := make([]string, 0, len(t.Texts))
	for name := range t.Texts {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
