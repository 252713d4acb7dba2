//go:build !tykmetrics_nolinkname

package cell

import (
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/tykmetrics/tykmetrics/bindings-go/internal/native"
)

// ownerProcessor is what the door calls a shard of this kind.
const ownerProcessor = 4

// processors is as many as get a shard: GOMAXPROCS may be raised at any time, to more than there are processors now.
const processors = 1024

// A shard whose cells a pinned goroutine is the only writer of. Neither member changes.
type pinned struct {
	cells *uint64
	limit uint32
}

var (
	table   [processors]atomic.Pointer[pinned]
	opening sync.Mutex
)

// Pinning keeps the goroutine on its P, and its P's other goroutines waiting, so nobody else writes the P's cells.
//
//go:linkname procPin runtime.procPin
func procPin() int

//go:linkname procUnpin runtime.procUnpin
func procUnpin()

// addOwn adds to the cell of the goroutine's processor; false if it has none.
func addOwn(number uint32, n uint64) bool {
	id := procPin()
	if id < processors {
		if p := table[id].Load(); p != nil {
			done := number < p.limit
			if done {
				*at(p.cells, number) += n
			}
			procUnpin()
			return done
		}
	}
	procUnpin()
	open(id)
	return false
}

// observeOwn is addOwn for a bucket and its sum.
func observeOwn(number, offset uint32, v float64) bool {
	id := procPin()
	if id < processors {
		if p := table[id].Load(); p != nil {
			done := number < p.limit
			if done {
				run := at(p.cells, number)
				*at(run, offset)++
				addSum(at(run, offset&sumMask), v)
			}
			procUnpin()
			return done
		}
	}
	procUnpin()
	open(id)
	return false
}

//go:noinline
func open(id int) {
	if id >= processors {
		return
	}
	opening.Lock()
	defer opening.Unlock()
	if table[id].Load() != nil {
		return
	}
	p := &pinned{}
	if _, cells, limit, err := native.OpenShard(ownerProcessor); err == nil {
		// The shard is the processor's for good: a P never ends, it only rests while GOMAXPROCS is lower.
		p.cells, p.limit = (*uint64)(cells), limit
		privates.Store(limit)
	}
	// Over the cap of shards the processor has none, and its records go to the shared cells. It does not ask again.
	table[id].Store(p)
}

var _ unsafe.Pointer // the import that //go:linkname asks for
