// Package sim holds fairlead's simulator: the real supervisor, actors and Pomelo protocol,
// the memory connector as the wire, and virtual time. A seed draws a schedule of what
// clients, handlers and an evil hand do; the schedule is run; everybody writes down what
// they saw, and a judge holds the history against what fairlead promises.
//
//	go test ./internal/sim                                   200 schedules, 50 with -short
//	go test ./internal/sim -run 'TestSim$' -sim.runs=10000
//	go test ./internal/sim -run 'TestSim$' -sim.seed=0x1234 -sim.runs=1 -v
//	go test ./internal/sim -run 'TestSim$' -sim.faults=none,drop,stall
//	go test ./internal/sim -run 'TestPanics$' -sim.panics=1000000
//
// The seed decides the whole schedule, and virtual time when its parts begin. It does not decide
// which of several goroutines goes first that may go at the same moment: that is the Go
// scheduler's, and its freedom is what finds bugs. So a single schedule (-sim.runs=1) is
// run until it fails, up to 100 times.
package sim
