package archtest

import (
	"fmt"
	"go/ast"
	"go/token"
	"strings"
)

// maxLines is the most that a file holds. Generated code is exempt.
const maxLines = 500

// Lengths finds files that are too long.
func Lengths(t *Tree) (breaches []string) {
	for _, s := range t.Go {
		if !s.Generated && s.Lines > maxLines {
			breaches = append(breaches, fmt.Sprintf("%s: %d lines, at most %d", s.Path, s.Lines, maxLines))
		}
	}
	return breaches
}

// Inits finds init functions: nothing happens because it was imported.
func Inits(t *Tree) (breaches []string) {
	for _, s := range t.Go {
		for _, d := range s.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && !s.Generated && f.Recv == nil && f.Name.Name == "init" {
				breaches = append(breaches, t.at(f)+": no init functions")
			}
		}
	}
	return breaches
}

// Docs finds exported names without a comment, and packages without one, outside
// internal/. A comment over a group counts for its members; String and Error mean
// the same everywhere. Fields and the methods of an interface are left to readers.
func Docs(t *Tree) (breaches []string) {
	said := map[string]bool{} // packages that have a comment
	for _, s := range t.Go {
		said[s.Folder()] = said[s.Folder()] || s.Doc != nil && !s.Test()
	}
	for _, s := range t.Go {
		if s.Test() || s.Generated || strings.HasPrefix(s.Path, "internal/") {
			continue
		}
		if !said[s.Folder()] {
			said[s.Folder()] = true // once is enough
			breaches = append(breaches, fmt.Sprintf("%s: package %s has no comment", s.Path, s.Name.Name))
		}
		for _, d := range s.Decls {
			for _, name := range undocumented(d) {
				breaches = append(breaches, fmt.Sprintf("%s: %s has no comment", t.at(name), name.Name))
			}
		}
	}
	return breaches
}

// undocumented returns the exported names that d declares without a comment.
func undocumented(d ast.Decl) (names []*ast.Ident) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		everywhere := d.Recv != nil && (d.Name.Name == "String" || d.Name.Name == "Error")
		if d.Doc == nil && d.Name.IsExported() && exportedReceiver(d) && !everywhere {
			names = append(names, d.Name)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				if d.Doc == nil && spec.Doc == nil && spec.Name.IsExported() {
					names = append(names, spec.Name)
				}
			case *ast.ValueSpec:
				for _, name := range spec.Names {
					if d.Doc == nil && spec.Doc == nil && spec.Comment == nil && name.IsExported() {
						names = append(names, name)
					}
				}
			}
		}
	}
	return names
}

// exportedReceiver says whether f is a function, or a method of an exported type.
func exportedReceiver(f *ast.FuncDecl) bool {
	if f.Recv == nil {
		return true
	}
	exported := false
	ast.Inspect(f.Recv.List[0].Type, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && !exported {
			exported = id.IsExported()
			return false
		}
		_, params := n.(*ast.IndexListExpr)
		return !params
	})
	return exported
}

// Sleeps finds time.Sleep in tests outside synctest bubbles. A function counts as
// inside when it uses synctest, when it calls a function of the same tests that
// does, or when its comment speaks of the bubble it is called in.
func Sleeps(t *Tree) (breaches []string) {
	inside := bubbles(t)
	for _, s := range t.Go {
		for _, d := range s.Decls {
			if f, ok := d.(*ast.FuncDecl); !s.Test() || ok && inside[s.Folder()+"."+f.Name.Name] {
				continue
			}
			for _, call := range sleeps(d) {
				breaches = append(breaches, t.at(call)+": time.Sleep outside a synctest bubble")
			}
		}
	}
	return breaches
}

// bubbles returns the functions of tests, as "folder.name", that run in a bubble
// or make one. Their callers follow from them, round by round.
func bubbles(t *Tree) map[string]bool {
	inside := map[string]bool{}
	for grown := -1; grown < len(inside); {
		grown = len(inside)
		for _, s := range t.Go {
			for _, d := range s.Decls {
				f, ok := d.(*ast.FuncDecl)
				if ok && s.Test() && (strings.Contains(f.Doc.Text(), "bubble") || mentions(f, s.Folder(), inside)) {
					inside[s.Folder()+"."+f.Name.Name] = true
				}
			}
		}
	}
	return inside
}

// mentions says whether f uses synctest or one of the functions inside.
func mentions(f *ast.FuncDecl, folder string, inside map[string]bool) (found bool) {
	ast.Inspect(f, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		found = found || ok && id != f.Name && (id.Name == "synctest" || inside[folder+"."+id.Name])
		return !found
	})
	return found
}

func sleeps(d ast.Decl) (calls []ast.Node) {
	ast.Inspect(d, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok && sel.Sel.Name == "Sleep" {
			if id, ok := sel.X.(*ast.Ident); ok && id.Name == "time" {
				calls = append(calls, sel)
			}
		}
		return true
	})
	return calls
}

// Functions finds functions that are too long, or take too much. Tests, whose
// tables are long, are left to readers; exported methods may take more, since
// others' interfaces decide over them.
func Functions(t *Tree) (breaches []string) {
	for _, s := range t.Go {
		if s.Test() || s.Generated {
			continue
		}
		for _, d := range s.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Body == nil {
				continue
			}
			if n := t.line(f.End()) - t.line(f.Pos()) + 1; n > maxBody {
				breaches = append(breaches, fmt.Sprintf("%s: %s has %d lines, at most %d", t.at(f), f.Name.Name, n, maxBody))
			}
			if n := f.Type.Params.NumFields(); n > maxParams && (f.Recv == nil || !f.Name.IsExported()) {
				breaches = append(breaches, fmt.Sprintf("%s: %s takes %d parameters, at most %d", t.at(f), f.Name.Name, n, maxParams))
			}
		}
	}
	return breaches
}

// maxBody is the most lines of a function, maxParams the most it takes.
const (
	maxBody   = 60
	maxParams = 4
)

func (t *Tree) line(p token.Pos) int { return t.fset.Position(p).Line }
