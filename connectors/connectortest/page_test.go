package connectortest

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// page is where authors read what is checked.
const page = "../../docs/guide/connectortest.md"

func TestThePageTellsAllPromises(t *testing.T) {
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, p := range promises() {
		want = append(want, fmt.Sprintf("| %s | %s |", p.name, p.text))
	}
	table := strings.Join(want, "\n")
	if !strings.Contains(string(text), table+"\n") {
		t.Errorf("%s does not hold this table:\n%s", page, table)
	}
}
