// Package bench holds what fairlead may cost: a gate of limits that no machine's speed has a part in
// (allocations, bytes, writes), which plain go test checks; and benchmarks of the whole and of its hops.
// See README.md. It has no code of its own but tests.
package bench
