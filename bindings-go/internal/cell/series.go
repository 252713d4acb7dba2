// Package cell is the record path: it adds to the cells that the C door shows, without crossing into C.
//
// Who may write a cell plainly is whoever nobody else writes beside. On linux/amd64 that is the OS thread: a function in
// assembly is never preempted, so between its load and its store no other goroutine runs on its thread (thread_amd64.s).
// Elsewhere, and for threads beyond a bound, it is the processor P that a goroutine is pinned to (processor.go). Without
// the linkname that pinning takes, a few shards are written with atomic adds (striped.go). What is left goes to the shared
// cell, atomically, or through C.
//
// A record takes no lock, allocates nothing and has no result. A thread's or a processor's first one opens its shard.
// What is absent: names, labels, errors. Callers keep the Go object that owns a handle alive across the call.
package cell

import (
	"math"
	"runtime"
	"sync/atomic"
	"unsafe"
)

// Series is tyk_series, the head of every handle. It lies in memory of C, or is Nowhere.
type Series struct {
	Shared *uint64
	State  *uint32
	number uint32
	_      uint32
}

// None is a number that no cell has.
const None = ^uint32(0)

// What the word behind State says. Live is TYK_LIVE.
const (
	Live     uint32 = 1
	Overflow uint32 = 4
)

// Nowhere is a series of no family: what is recorded to it is gone.
func Nowhere() *Series {
	return &Series{Shared: new(uint64), State: new(uint32), number: None}
}

// Number is the series' first cell. The engine may give it another one, below the limit of private cells.
func (s *Series) Number() uint32 { return atomic.LoadUint32(&s.number) }

// Is says whether the series' state has the bit.
func (s *Series) Is(bit uint32) bool { return atomic.LoadUint32(s.State)&bit != 0 }

// Of is the series at the head of a handle.
func Of(handle unsafe.Pointer) *Series { return (*Series)(handle) }

// Handle is the handle that begins with the series.
func (s *Series) Handle() unsafe.Pointer { return unsafe.Pointer(s) }

// at is the cell so many words behind the first.
func at(cells *uint64, number uint32) *uint64 {
	return (*uint64)(unsafe.Add(unsafe.Pointer(cells), uintptr(number)*8))
}

// store writes a cell that nobody else writes, behind what was written before. x86 keeps the order of stores, and an atomic
// one would cost there what a locked add costs.
func store(cell *uint64, v uint64) {
	if runtime.GOARCH == "amd64" {
		*cell = v
	} else {
		atomic.StoreUint64(cell, v)
	}
}

// addSum adds to a sum that nobody else adds to.
func addSum(sum *uint64, v float64) { store(sum, math.Float64bits(math.Float64frombits(*sum)+v)) }
