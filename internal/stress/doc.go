// Package stress holds a real server against what hurts servers. Each of its tests
// starts a small game in a process of its own (this test binary again), drives it over real
// sockets from here, hurts it, and measures what those feel who have not deserved it.
//
// The short form, which is what go test runs, has reduced numbers and wide bounds for busy
// machines; what must be exact is exact in it too. The long form has the numbers of
// docs/reliability.md:
//
//	go test ./internal/stress -stress.long -timeout 2h -v -stress.out results.md
//
// -run picks a scenario, -stress.out collects its numbers as rows of a Markdown table.
package stress
