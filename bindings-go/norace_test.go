//go:build !race

package tykmetrics_test

const raceEnabled = false
