package view

// MostNodes bounds Nodes.
const MostNodes = mostNodes

// Nodes is how many others a machine knows.
func Nodes(m *Machine) int { return len(m.nodes) }

// Buried is how many ids a machine remembers that are no more.
func Buried(m *Machine) int { return len(m.buried.newer) + len(m.buried.older) }

// Quorum tells whether so many of the members that are alive may speak for all.
func Quorum(all, alive, yes int, first bool) bool {
	t := tally{all: all, alive: alive, yes: yes, first: first}
	return t.quorum()
}
