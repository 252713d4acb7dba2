package tykmetrics

import (
	"runtime"
	"time"
	"unsafe"

	"github.com/tykmetrics/tykmetrics/bindings-go/internal/cell"
	"github.com/tykmetrics/tykmetrics/bindings-go/internal/native"
)

// Histogram counts values in buckets. From one record a scrape has classic buckets, native buckets, the count and the sum.
type Histogram interface {
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

// DefBuckets are the classic buckets of a histogram that asks for none: for the seconds that a request takes.
var DefBuckets = []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}

type histogram struct {
	cells *cell.Distribution
	handle
}

func newHistogram(f *family, values []string) (*histogram, error) {
	h, err := f.with(values)
	return histogramOf(f, values, h), err
}

func histogramOf(f *family, values []string, h unsafe.Pointer) *histogram {
	m := &histogram{handle: handle{family: f, values: values, handle: h}, cells: cell.DistributionOf(h)}
	if h == nil {
		m.cells = cell.NoDistribution()
	}
	own(m, f.kind, h)
	return m
}

// NewHistogram makes a histogram, to be registered; see NewCounter.
func NewHistogram(opts HistogramOpts) Histogram {
	m, _ := newHistogram(unlisted(native.Histogram, opts.options(nil)), nil)
	return m
}

func (m *histogram) Observe(v float64) {
	cell.ObserveHistogram(m.cells, v)
	runtime.KeepAlive(m)
}

func (m *histogram) ObserveDuration(d time.Duration) { m.Observe(seconds(d)) }

// seconds is rounded once, so that 5 ms are exactly the double that a bound of 0.005 is.
func seconds(d time.Duration) float64 { return float64(d) / float64(time.Second) }

func (m *histogram) ObserveOn(shard *Shard, v float64) {
	if !shard.open() || !shard.cells.Observe(m.cells, v) {
		cell.ObserveHistogram(m.cells, v)
	}
	runtime.KeepAlive(m)
}

func (m *histogram) ObserveWithExemplar(v float64, exemplar Labels) {
	if exemplar == nil {
		m.Observe(v)
		return
	}
	_ = m.observeExemplar(v, pairs(nil, exemplar))
}

func (m *histogram) ObserveExemplar(v float64, exemplar ...Label) error {
	return m.observeExemplar(v, pairs(exemplar, nil))
}

func (m *histogram) observeExemplar(v float64, pairs []string) error {
	if m.handle.handle == nil {
		return m.family.err
	}
	defer runtime.KeepAlive(m)
	return failure(native.HistogramExemplar(m.handle.handle, v, pairs))
}

func (m *histogram) Quantile(q float64) (float64, error) { return m.quantile(q) }

// Collect sends the histogram itself.
func (m *histogram) Collect(to chan<- Metric) { to <- m }

func (m *histogram) read() (Sample, error) { return m.distributed() }

// distributed is what a histogram or a summary holds.
func (h *handle) distributed(quantiles ...float64) (Sample, error) {
	s := h.sample()
	if h.handle == nil {
		return s, h.family.err
	}
	d, err := native.Distributed(h.family.kind, h.handle)
	runtime.KeepAlive(h)
	if err != nil {
		return s, failure(err)
	}
	return s, fill(&s, d, quantiles)
}

func (h *handle) quantile(q float64) (float64, error) {
	s, err := h.distributed(q)
	if err != nil {
		return 0, err
	}
	return s.Quantiles[0].Value, nil
}

// LinearBuckets are count bounds, the first of which is start, each width above the one before. It panics where the
// engine refuses: a count below 1.
func LinearBuckets(start, width float64, count int) []float64 {
	return bounds(count, func(out []float64) error { return native.Linear(start, width, out) })
}

// ExponentialBuckets are count bounds, the first of which is start, each factor times the one before. It panics where the
// engine refuses: a count below 1, a start that is not above 0, a factor that is not above 1.
func ExponentialBuckets(start, factor float64, count int) []float64 {
	return bounds(count, func(out []float64) error { return native.Exponential(start, factor, out) })
}

// ExponentialBucketsRange are count bounds from minBucket to maxBucket, each as many times the one before. It panics where
// the engine refuses: a count below 1, a minBucket that is not above 0.
func ExponentialBucketsRange(minBucket, maxBucket float64, count int) []float64 {
	return bounds(count, func(out []float64) error { return native.ExponentialRange(minBucket, maxBucket, out) })
}

func bounds(count int, fill func([]float64) error) []float64 {
	out := make([]float64, max(count, 0))
	if err := fill(out); err != nil {
		panic(err.Error())
	}
	return out
}
