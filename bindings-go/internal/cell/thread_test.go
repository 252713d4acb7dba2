//go:build linux && amd64 && !tykmetrics_noasm

package cell

import "testing"

func TestThreadsWriteTheirOwnCells(t *testing.T) {
	// The other paths count as well, so no total would show that this one is never taken.
	if tlsOffset == 0 {
		t.Error("the offset of a thread's cells is not known: every record goes the way of processors")
	}
}
