package registry_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/fairlead-go/fairlead/messages"
	"github.com/fairlead-go/fairlead/supervisor/cluster/registry"
)

func viewOf(number uint64, members ...*messages.Member) *messages.View {
	return &messages.View{Number: number, Members: members}
}

func member(id string, roles ...string) *messages.Member {
	return &messages.Member{Id: id, Address: id + ":1", Roles: roles}
}

func everybody(*messages.Member) bool { return true }

// Nodes of different builds must agree, so these may never change.
func TestSlotsAreTheSameEverywhere(t *testing.T) {
	for key, want := range map[string]int{"": 2203, "a": 248, "user-1": 3928, "user-2": 2171} {
		if got := registry.Slot(key); got != want {
			t.Errorf("Slot(%q) = %d, want %d", key, got, want)
		}
	}
}

func TestOnlyTheSlotsOfWhoWentMove(t *testing.T) {
	a, b, c, d := member("a"), member("b"), member("c"), member("d")
	before := registry.NewTable(viewOf(1, a, b, c, d), everybody)
	after := registry.NewTable(viewOf(2, d, c, a), everybody)
	owned := map[string]int{}
	for i := range 10_000 {
		key := fmt.Sprint("user-", i)
		was, is := before.Owner(key), after.Owner(key)
		owned[was.Id]++
		if was != b && was != is {
			t.Fatalf("%s moved from %s to %s, and only b has gone", key, was.Id, is.Id)
		}
	}
	for id, n := range owned {
		if n < 2_000 || n > 3_000 {
			t.Errorf("%s owns %d of 10,000, want about a fourth", id, n)
		}
	}
}

func TestWhoIsNotEligibleOwnsNothing(t *testing.T) {
	gate := func(m *messages.Member) bool { return slices.Contains(m.Roles, "gate") }
	v := viewOf(1, member("a", "gate"), member("b", "backend"))
	if got := registry.NewTable(v, gate).Owner("x").GetId(); got != "a" {
		t.Errorf("owner = %q, want a", got)
	}
	for name, v := range map[string]*messages.View{"no view": nil, "no gate": viewOf(1, member("b", "backend"))} {
		if got := registry.NewTable(v, gate).Owner("x"); got != nil {
			t.Errorf("%s: owner = %v, want none", name, got)
		}
	}
}

func TestOwnerAllocatesNothing(t *testing.T) {
	table := registry.NewTable(viewOf(1, member("a"), member("b")), everybody)
	if n := testing.AllocsPerRun(100, func() { table.Owner("somebody with a longer name") }); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}

func BenchmarkOwner(b *testing.B) {
	table := registry.NewTable(viewOf(1, member("a"), member("b"), member("c")), everybody)
	b.ReportAllocs()
	for b.Loop() {
		table.Owner("somebody with a longer name")
	}
}
