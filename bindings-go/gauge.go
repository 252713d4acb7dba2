package tykmetrics

import (
	"math"
	"runtime"
	"sync/atomic"
	"unsafe"

	"github.com/tykmetrics/tykmetrics/bindings-go/internal/cell"
	"github.com/tykmetrics/tykmetrics/bindings-go/internal/native"
)

// Gauge is a value that is set, or moved either way. For what is only moved, things in flight say, UpDown costs less.
type Gauge interface {
	Metric
	Collector

	// Set sets the value.
	Set(v float64)
	// Inc adds 1.
	Inc()
	// Dec takes 1 away.
	Dec()
	// Add adds v, which may be negative.
	Add(v float64)
	// Sub takes v away.
	Sub(v float64)
	// SetToCurrentTime sets the seconds since 1970.
	SetToCurrentTime()
	// SetMax sets v if that is more than the value.
	SetMax(v float64)
	// SetMin sets v if that is less than the value.
	SetMin(v float64)
}

type gauge struct {
	shared *uint64
	handle
}

func newGauge(f *family, values []string) (*gauge, error) {
	h, err := f.with(values)
	return gaugeOf(f, values, h), err
}

func gaugeOf(f *family, values []string, h unsafe.Pointer) *gauge {
	g := &gauge{handle: handle{family: f, values: values, handle: h}}
	if h != nil {
		g.shared = cell.Of(h).Shared
	} else {
		g.shared = new(uint64)
	}
	own(g, f.kind, h)
	return g
}

// NewGauge makes a gauge, to be registered; see NewCounter.
func NewGauge(opts GaugeOpts) Gauge {
	g, _ := newGauge(unlisted(native.Gauge, Opts(opts).options(nil)), nil)
	return g
}

func (g *gauge) Set(v float64) {
	atomic.StoreUint64(g.shared, math.Float64bits(v))
	runtime.KeepAlive(g)
}

func (g *gauge) Inc() { g.Add(1) }

func (g *gauge) Dec() { g.Add(-1) }

func (g *gauge) Add(v float64) {
	cell.AddFloat(g.shared, v)
	runtime.KeepAlive(g)
}

func (g *gauge) Sub(v float64) { g.Add(-v) }

func (g *gauge) SetToCurrentTime() {
	if g.handle.handle != nil {
		native.SetGaugeNow(g.handle.handle)
		runtime.KeepAlive(g)
	}
}

func (g *gauge) SetMax(v float64) {
	if g.handle.handle != nil {
		native.SetGaugeMax(g.handle.handle, v)
		runtime.KeepAlive(g)
	}
}

func (g *gauge) SetMin(v float64) {
	if g.handle.handle != nil {
		native.SetGaugeMin(g.handle.handle, v)
		runtime.KeepAlive(g)
	}
}

// Collect sends the gauge itself.
func (g *gauge) Collect(to chan<- Metric) { to <- g }
