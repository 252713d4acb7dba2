//go:build linux && !tykmetrics_noasm

package cell

import (
	"runtime"
	"sync/atomic"
	"unsafe"

	"github.com/tykmetrics/tykmetrics/bindings-go/internal/native"
)

// tlsOffset is where a thread's cells are, from its thread pointer; 0 if that is not the same for all threads.
var tlsOffset = offsetOfAllThreads()

// most is how many threads get a shard. A process has more threads than processors when many are in system calls; those
// beyond write their processor's shard, so that memory stays bounded.
var most = int32(max(8*runtime.NumCPU(), 64))

var adopted = native.Adopted()

// Add adds n to a counter's series.
//
//go:noescape
func Add(s *Series, n uint64)

// AddUpDown adds n, a negative one in two's complement, to the series of an up-down.
//
//go:noescape
func AddUpDown(s *Series, n uint64)

// ObserveHistogram counts v in its bucket and adds it to that bucket's sum.
//
//go:noescape
func ObserveHistogram(d *Distribution, v float64)

// ObserveSummary is ObserveHistogram for a summary.
//
//go:noescape
func ObserveSummary(d *Distribution, v float64)

// observe counts in the bucket's cell and adds to its sum; false if the thread has no such cells.
//
//go:noescape
func observe(s *Series, offset uint32, v float64) bool

// adopt says whether the calling thread may open a shard by a record through C.
func adopt() bool {
	return tlsOffset != 0 && atomic.LoadInt32(adopted) < most && native.Adopt(most)
}

// learn remembers the limit of private cells, which all shards have in common.
func learn() {
	if privates.Load() == 0 {
		// {cells, limit}: the thread may be another one than that of the record, which only delays this.
		privates.Store(*(*uint32)(unsafe.Add(native.ThreadCells(), 8)))
	}
}

// offsetOfAllThreads asks two threads that exist at once. A library that was loaded late has no fixed offset.
func offsetOfAllThreads() uintptr {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	here := native.ThreadOffset()
	there := make(chan uintptr)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		there <- native.ThreadOffset()
	}()
	if here != <-there {
		return 0
	}
	return here
}

// What the assembly jumps to, which tools that read Go alone do not see.
var _ = [...]any{elsewhere, elsewhereUpDown, histogramElsewhere, summaryElsewhere}
