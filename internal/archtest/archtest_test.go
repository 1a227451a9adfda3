package archtest_test

import (
	"os"
	"testing"
	"testing/fstest"

	"github.com/fairlead-go/fairlead/internal/archtest"
)

// checks are the rules the project is held to.
var checks = map[string]func(*archtest.Tree) []string{
	"imports follow the table":                      archtest.Imports,
	"package names say something":                   archtest.Names,
	"files are short":                               archtest.Lengths,
	"functions are short":                           archtest.Functions,
	"no init functions":                             archtest.Inits,
	"exported names have a comment":                 archtest.Docs,
	"tests sleep in bubbles only":                   archtest.Sleeps,
	"the README shows both commands":                archtest.Readme,
	"the licence is there":                          archtest.Licence,
	"links lead somewhere":                          archtest.Links,
	"no text names a machine's paths or a registry": archtest.Places,
}

func TestTheProjectKeepsItsRules(t *testing.T) {
	tree, err := archtest.Load(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	if len(tree.Go) < 20 {
		t.Fatalf("%d Go files found: this is not the project", len(tree.Go))
	}
	for name, check := range checks {
		t.Run(name, func(t *testing.T) {
			for _, breach := range check(tree) {
				t.Error(breach)
			}
		})
	}
}

// load makes a tree of small files.
func load(t *testing.T, files map[string]string) *archtest.Tree {
	t.Helper()
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	tree, err := archtest.Load(fsys)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}
