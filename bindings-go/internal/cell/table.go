package cell

import (
	"math"
	"unsafe"
)

// Entry is tyk_entry: one sub-bucket, the first bound within it, and where further ones are.
type Entry struct {
	Split float64
	Cell  uint32
	More  uint32
}

// Table is tyk_table, by which a value finds its bucket. The core computes it.
type Table struct {
	first   int64
	entries *Entry
	count   uint64
	more    *float64
	moreLen uint64
}

// Distribution is a histogram's or a summary's handle: tyk_histogram and tyk_summary.
type Distribution struct {
	Series
	Table *Table
}

// DistributionOf is the handle as what it is.
func DistributionOf(handle unsafe.Pointer) *Distribution { return (*Distribution)(handle) }

// NoDistribution is Nowhere for observations.
func NoDistribution() *Distribution { return &Distribution{Series: *Nowhere(), Table: new(Table)} }

// The key of a value: 32 sub-buckets to the octave leave 52-5 bits of the mantissa to shift out, and the number below
// that, added first, rounds up, so that a power of two ends its sub-bucket.
const (
	shift = 47
	round = 1<<shift - 1
	// A sum is one of the first 8 cells of a page of 512, the one that its bucket's last three bits say.
	sumMask = ^uint32(504)
)

func (t *Table) entry(i int64) *Entry {
	return (*Entry)(unsafe.Add(unsafe.Pointer(t.entries), uintptr(i)*unsafe.Sizeof(Entry{})))
}

// locate is the bucket's cell, counted from the series' first. The value is finite and the table has entries.
func (t *Table) locate(v float64) uint32 {
	i := (int64(math.Float64bits(v))+round)>>shift - t.first
	i = max(min(i, int64(t.count)-1), 0)
	entry := t.entry(i)
	if !(v > entry.Split) {
		return entry.Cell
	}
	offset := entry.Cell + 1
	if entry.More != 0 {
		for at := uint64(entry.More) - 1; at < t.moreLen; at++ {
			if !(v > *(*float64)(unsafe.Add(unsafe.Pointer(t.more), at*8))) {
				break
			}
			offset++
		}
	}
	return offset
}
