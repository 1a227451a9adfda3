//go:build race

package calm_test

const raceEnabled = true
