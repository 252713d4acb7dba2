//go:build !(linux && amd64) || tykmetrics_noasm

package cell

import "math"

// Add adds n to a counter's series.
func Add(s *Series, n uint64) {
	if !addOwn(s.Number(), n) {
		elsewhere(s, n)
	}
}

// AddUpDown adds n, a negative one in two's complement, to the series of an up-down.
func AddUpDown(s *Series, n uint64) {
	if !addOwn(s.Number(), n) {
		elsewhereUpDown(s, n)
	}
}

// ObserveHistogram counts v in its bucket and adds it to that bucket's sum.
func ObserveHistogram(d *Distribution, v float64) {
	if offset, ok := d.Table.within(v); !ok || !observeOwn(d.Number(), offset, v) {
		histogramElsewhere(d, v)
	}
}

// ObserveSummary is ObserveHistogram for a summary.
func ObserveSummary(d *Distribution, v float64) {
	if offset, ok := d.Table.within(v); !ok || !observeOwn(d.Number(), offset, v) {
		summaryElsewhere(d, v)
	}
}

// observe counts in the bucket's cell and adds to its sum; false if there are no such cells.
func observe(s *Series, offset uint32, v float64) bool { return observeOwn(s.Number(), offset, v) }

// adopts is for threads that write their own cells, which none does here.
func adopts() bool { return false }

const most = 0

// within is the bucket's cell, counted from the series' first, if one look finds it.
func (t *Table) within(v float64) (uint32, bool) {
	i := uint64((int64(math.Float64bits(v))+round)>>shift - t.first)
	if i >= t.count {
		return 0, false
	}
	entry := t.entry(int64(i))
	if entry.More != 0 {
		return 0, false
	}
	if v > entry.Split {
		return entry.Cell + 1, true
	}
	return entry.Cell, true
}
