package cell

import (
	"math"
	"sync/atomic"
	"unsafe"

	"github.com/tykmetrics/tykmetrics/bindings-go/internal/native"
)

// The engine looks whether a series has grown hot when an add to its shared cell carries it across a multiple of this
// (HEAT in the core's registry/series.rs). Such adds go through C, so that it is asked.
const heat = 1 << 14

// near is how many adds before such a multiple go through C too: so many may others make between the look and the add.
const near = 64

// warms says whether an add of n to a shared cell should go through C.
func warms(cell *uint64, n uint64) bool {
	before := atomic.LoadUint64(cell)
	return (before ^ (before + n + near)) >= heat
}

// privates is how many numbers have a cell in every shard; 0 until the first shard of the process is seen.
var privates atomic.Uint32

// learned remembers the limit of private cells, and says whether the record is made.
func learned(limit uint32, made bool) bool {
	if made && limit != native.None && privates.Load() == 0 {
		privates.Store(limit)
	}
	return made
}

// elsewhere adds to a counter's series whose cell the calling thread does not have.
//
//go:noinline
func elsewhere(s *Series, n uint64) { slow(s, n, native.Counter, native.AddCounter) }

// elsewhereUpDown is elsewhere for an up-down, whose negative amounts are in two's complement.
//
//go:noinline
func elsewhereUpDown(s *Series, n uint64) { slow(s, n, native.UpDown, addUpDownInC) }

func addUpDownInC(handle unsafe.Pointer, n uint64) { native.AddUpDown(handle, int64(n)) }

func slow(s *Series, n uint64, kind uint32, inC func(unsafe.Pointer, uint64)) {
	number := s.Number()
	switch limit := privates.Load(); {
	case number == None:
	case limit != 0 && number >= limit:
		addShared(s, n, inC)
	case adopts() && learned(native.FirstAdd(kind, s.Handle(), n, most)):
	case !addOwn(number, n):
		addShared(s, n, inC)
	}
}

func addShared(s *Series, n uint64, inC func(unsafe.Pointer, uint64)) {
	if warms(s.Shared, n) {
		inC(s.Handle(), n)
		return
	}
	atomic.AddUint64(s.Shared, n)
}

// histogramElsewhere observes what takes more than one look, or lies in cells that the calling thread does not have.
//
//go:noinline
func histogramElsewhere(d *Distribution, v float64) {
	observeElsewhere(d, v, native.Histogram, native.ObserveHistogram)
}

// summaryElsewhere is histogramElsewhere for a summary.
//
//go:noinline
func summaryElsewhere(d *Distribution, v float64) {
	observeElsewhere(d, v, native.Summary, native.ObserveSummary)
}

func observeElsewhere(d *Distribution, v float64, kind uint32, inC func(unsafe.Pointer, float64)) {
	number := d.Number()
	switch {
	case number == None:
		return
	case d.Table.entries == nil || math.IsNaN(v) || math.IsInf(v, 0):
		inC(d.Handle(), v)
		return
	}
	offset := d.Table.locate(v)
	if observe(&d.Series, offset, v) {
		return
	}
	switch limit := privates.Load(); {
	case limit != 0 && number >= limit:
		observeShared(d, offset, v, inC)
	case adopts() && learned(native.FirstObserve(kind, d.Handle(), v, most)):
	case !observeOwn(number, offset, v):
		observeShared(d, offset, v, inC)
	}
}

func observeShared(d *Distribution, offset uint32, v float64, inC func(unsafe.Pointer, float64)) {
	bucket := at(d.Shared, offset)
	if warms(bucket, 1) {
		inC(d.Handle(), v)
		return
	}
	// The bucket first: a scrape that sees the sum then sees the bucket, as Go's atomics are sequentially consistent.
	atomic.AddUint64(bucket, 1)
	AddFloat(at(d.Shared, offset&sumMask), v)
}

// AddFloat adds to a cell that holds a float's bits and that others add to.
func AddFloat(cell *uint64, v float64) {
	for {
		now := atomic.LoadUint64(cell)
		if atomic.CompareAndSwapUint64(cell, now, math.Float64bits(math.Float64frombits(now)+v)) {
			return
		}
	}
}
