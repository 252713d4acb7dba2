package tykmetrics

import (
	"runtime"
	"time"
	"unsafe"

	"github.com/tykmetrics/tykmetrics/bindings-go/internal/cell"
	"github.com/tykmetrics/tykmetrics/bindings-go/internal/native"
)

// Summary shows quantiles, a count and a sum of values.
type Summary interface {
	Metric
	Collector

	// Observe counts a value. NaN and infinite ones are left out and counted apart.
	Observe(v float64)
	// ObserveDuration counts a duration, in seconds.
	ObserveDuration(d time.Duration)
	// ObserveOn counts a value in the shard of the calling goroutine.
	ObserveOn(shard *Shard, v float64)
	// Quantile is the quantile q of all that was observed, within 1.6 % of the value; NaN if nothing was.
	Quantile(q float64) (float64, error)
}

type summary struct {
	cells *cell.Distribution
	handle
}

func newSummary(f *family, values []string) (*summary, error) {
	h, err := f.with(values)
	return summaryOf(f, values, h), err
}

func summaryOf(f *family, values []string, h unsafe.Pointer) *summary {
	m := &summary{handle: handle{family: f, values: values, handle: h}, cells: cell.DistributionOf(h)}
	if h == nil {
		m.cells = cell.NoDistribution()
	}
	own(m, f.kind, h)
	return m
}

// NewSummary makes a summary, to be registered; see NewCounter.
func NewSummary(opts SummaryOpts) Summary {
	m, _ := newSummary(unlisted(native.Summary, opts.options(nil)), nil)
	return m
}

func (m *summary) Observe(v float64) {
	cell.ObserveSummary(m.cells, v)
	runtime.KeepAlive(m)
}

func (m *summary) ObserveDuration(d time.Duration) { m.Observe(seconds(d)) }

func (m *summary) ObserveOn(shard *Shard, v float64) {
	if !shard.open() || !shard.cells.Observe(m.cells, v) {
		cell.ObserveSummary(m.cells, v)
	}
	runtime.KeepAlive(m)
}

func (m *summary) Quantile(q float64) (float64, error) { return m.quantile(q) }

// Collect sends the summary itself.
func (m *summary) Collect(to chan<- Metric) { to <- m }

func (m *summary) read() (Sample, error) { return m.family.shown(m.values) }
