package main

import (
	"fmt"
	"slices"
	"strings"
)

// mostGrowth is how far the ratios of one kind of clients may be apart, however many there are: the floor's own cost
// grows with them.
const mostGrowth = 0.15

// growth tells how ratios to the floor change with the number of clients, for what was measured with several.
func growth(all []*result) string {
	ratios, order := map[string][]float64{}, []string{}
	for _, r := range all {
		if r.grows == "" {
			continue
		}
		name := r.grows + ", " + wireNames[r.wire]
		if ratios[name] == nil {
			order = append(order, name)
		}
		ratios[name] = append(ratios[name], r.ratio())
	}
	var b strings.Builder
	for _, name := range order {
		v := ratios[name]
		if len(v) < 2 {
			continue
		}
		words := make([]string, len(v))
		for i, f := range v {
			words[i] = short(f)
		}
		apart := slices.Max(v)/v[0] - 1
		fmt.Fprintf(&b, "- %s: %s, at most %.0f %% over the first; must %.0f %%\n", name, strings.Join(words, ", "), 100*apart, 100*mostGrowth)
	}
	if b.Len() == 0 {
		return ""
	}
	return "How the ratio grows with the connections:\n\n" + b.String() + "\n"
}
