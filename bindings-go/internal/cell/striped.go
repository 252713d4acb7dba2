//go:build tykmetrics_nolinkname

package cell

import (
	"runtime"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/tykmetrics/tykmetrics/bindings-go/internal/native"
)

// ownerProcessor is what the door calls a shard of this kind.
const ownerProcessor = 4

// A shard that several goroutines write, so they add atomically.
type stripe struct {
	cells *uint64
	limit uint32
}

// stripes are one for each processor that there was at the first record.
var stripes = sync.OnceValue(func() []stripe {
	var out []stripe
	for range runtime.GOMAXPROCS(0) {
		_, cells, limit, err := native.OpenShard(ownerProcessor)
		if err != nil {
			break
		}
		privates.Store(limit)
		out = append(out, stripe{(*uint64)(cells), limit})
	}
	return out
})

// mine is the stripe of the calling goroutine: the addresses of its stack tell it from others.
func mine() *stripe {
	all := stripes()
	if len(all) == 0 {
		return nil
	}
	var here byte
	// Stacks are 2 KiB at least, and bigger ones are aligned to their size: the multiplier (2^64 over the golden ratio)
	// spreads what is above these bits.
	hash := uint64(uintptr(unsafe.Pointer(&here))>>11) * 0x9E3779B97F4A7C15
	return &all[hash>>32%uint64(len(all))]
}

// addOwn adds to the cell of the goroutine's stripe; false if it has none.
func addOwn(number uint32, n uint64) bool {
	s := mine()
	if s == nil || number >= s.limit {
		return false
	}
	atomic.AddUint64(at(s.cells, number), n)
	return true
}

// observeOwn is addOwn for a bucket and its sum.
func observeOwn(number, offset uint32, v float64) bool {
	s := mine()
	if s == nil || number >= s.limit {
		return false
	}
	run := at(s.cells, number)
	atomic.AddUint64(at(run, offset), 1)
	AddFloat(at(run, offset&sumMask), v)
	return true
}
