package tykmetrics

import (
	"math"
	"runtime"
	"weak"

	"github.com/tykmetrics/tykmetrics/bindings-go/internal/native"
)

// guarded is fn without its panics: NaN tells of one.
func guarded(fn func() float64) func() float64 {
	return func() (v float64) {
		defer func() {
			if recover() != nil {
				v = math.NaN()
			}
		}()
		return fn()
	}
}

// CounterFunc is a counter whose value is asked for at a scrape.
type CounterFunc interface {
	Metric
	Collector
}

// GaugeFunc is a gauge whose value is asked for at a scrape.
type GaugeFunc interface {
	Metric
	Collector
}

// UntypedFunc is a metric of no kind whose value is asked for at a scrape.
type UntypedFunc interface {
	Metric
	Collector
}

// NewCounterFunc makes a counter whose value is what fn returns at a scrape, which must never fall. fn is called on any
// thread, maybe by several scrapes at once.
func NewCounterFunc(opts CounterOpts, fn func() float64) CounterFunc {
	return functionOf(unlisted(native.Counter, Opts(opts).options(nil)), fn)
}

// NewGaugeFunc makes a gauge whose value is what fn returns at a scrape. fn is called on any thread, maybe by several
// scrapes at once.
func NewGaugeFunc(opts GaugeOpts, fn func() float64) GaugeFunc {
	return functionOf(unlisted(native.Gauge, Opts(opts).options(nil)), fn)
}

func functionOf(f *family, fn func() float64) *called {
	m := &called{handle: handle{family: f}, fn: guarded(fn)}
	h, err := f.with(nil)
	if err != nil {
		return m
	}
	m.handle.handle = h
	own(m, f.kind, h)
	// Not a reference to fn: what C holds is never collected, and fn may reach the registry, by which C holds it.
	weakly := weak.Make(m)
	if err := native.Callback(f.kind, h, func() float64 {
		if m := weakly.Value(); m != nil {
			return m.fn()
		}
		return math.NaN()
	}); err != nil {
		f.err = failure(err)
		f.desc.err = f.err
	}
	return m
}

// called is a CounterFunc or a GaugeFunc.
type called struct {
	handle
	fn func() float64
}

// Collect sends the metric itself.
func (m *called) Collect(to chan<- Metric) { to <- m }

func (m *called) read() (Sample, error) {
	s := m.sample()
	s.Value = m.fn()
	runtime.KeepAlive(m)
	return s, m.family.err
}

// NewUntypedFunc makes a metric of no kind whose value is what fn returns at a scrape.
func NewUntypedFunc(opts UntypedOpts, fn func() float64) UntypedFunc {
	desc := NewDesc(BuildFQName(opts.Namespace, opts.Subsystem, opts.Name), opts.Help, nil, opts.ConstLabels)
	desc.constant = pairs(opts.ConstLabelList, opts.ConstLabels)
	return &untyped{desc, guarded(fn)}
}

type untyped struct {
	desc *Desc
	fn   func() float64
}

func (m *untyped) Desc() *Desc { return m.desc }

func (m *untyped) Describe(to chan<- *Desc) { to <- m.desc }

func (m *untyped) Collect(to chan<- Metric) { to <- m }

func (m *untyped) read() (Sample, error) {
	return Sample{Kind: KindUntyped, Labels: labelsOf(m.desc.constant), Value: m.fn()}, m.desc.err
}
