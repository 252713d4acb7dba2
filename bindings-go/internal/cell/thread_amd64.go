//go:build linux && !tykmetrics_noasm

package cell

import (
	"runtime"
	"sync/atomic"

	"github.com/tykmetrics/tykmetrics/bindings-go/internal/native"
)

// tlsOffset is where a thread's cells are, from its thread pointer, and refusedOffset where it keeps that it gets none; 0 if
// they are not the same for all threads.
var tlsOffset, refusedOffset = offsetsOfAllThreads()

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

// adopts says whether the calling thread, or the one that it becomes meanwhile, may open a shard by a record through C.
func adopts() bool {
	return tlsOffset != 0 && atomic.LoadInt32(adopted) < most && !refused()
}

// refused says whether the engine had no shard for the thread when it asked.
//
//go:noescape
func refused() bool

// offsetsOfAllThreads asks two threads that exist at once. A library that was loaded late has no fixed offsets.
func offsetsOfAllThreads() (cells, refused uintptr) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	ask := func() [2]uintptr { return [2]uintptr{native.ThreadOffset(), native.RefusedOffset()} }
	here := ask()
	there := make(chan [2]uintptr)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		there <- ask()
	}()
	if here != <-there {
		return 0, 0
	}
	return here[0], here[1]
}

// What the assembly jumps to and reads, which tools that read Go alone do not see.
var _ = [...]any{elsewhere, elsewhereUpDown, histogramElsewhere, summaryElsewhere, &refusedOffset}
