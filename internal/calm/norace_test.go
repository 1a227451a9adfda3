//go:build !race

package calm_test

const raceEnabled = false
