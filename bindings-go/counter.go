package tykmetrics

import (
	"runtime"
	"unsafe"

	"github.com/tykmetrics/tykmetrics/bindings-go/internal/cell"
	"github.com/tykmetrics/tykmetrics/bindings-go/internal/native"
)

// Counter only goes up. Its methods may be called from any goroutine at once; Inc costs an addition.
type Counter interface {
	Metric
	Collector

	// Inc adds 1.
	Inc()
	// Add adds v. It panics if v is negative, as client_golang does. NaN and infinite amounts are left out and counted.
	Add(v float64)
	// AddUint64 adds a whole number, however large.
	AddUint64(n uint64)
	// AddOn adds n to the shard of the calling goroutine.
	AddOn(shard *Shard, n uint64)
}

// ExemplarAdder is what every Counter is beside.
type ExemplarAdder interface {
	// AddWithExemplar adds v and keeps the labels as an example of what was counted. An exemplar that is not valid is left
	// out; the amount is added all the same. nil leaves the exemplar as it is.
	AddWithExemplar(v float64, exemplar Labels)
	// AddExemplar is AddWithExemplar with labels in an order, and says what is wrong with the exemplar.
	AddExemplar(v float64, exemplar ...Label) error
}

type counter struct {
	series *cell.Series
	handle
}

// The largest whole number up to which a float64 holds all of them.
const exact = 1 << 53

func newCounter(f *family, values []string) (*counter, error) {
	h, err := f.with(values)
	return counterOf(f, values, h), err
}

func counterOf(f *family, values []string, h unsafe.Pointer) *counter {
	c := &counter{handle: handle{family: f, values: values, handle: h}, series: cell.Of(h)}
	if h == nil {
		c.series = cell.Nowhere()
	}
	own(c, f.kind, h)
	return c
}

// NewCounter makes a counter, to be registered. What is wrong with the options is what Register says; until then, and
// after, such a counter takes records and shows nothing.
func NewCounter(opts CounterOpts) Counter {
	c, _ := newCounter(unlisted(native.Counter, Opts(opts).options(nil)), nil)
	return c
}

func (c *counter) Inc() {
	cell.Add(c.series, 1)
	// The handle is freed when c is collected.
	runtime.KeepAlive(c)
}

func (c *counter) AddUint64(n uint64) {
	cell.Add(c.series, n)
	runtime.KeepAlive(c)
}

func (c *counter) Add(v float64) {
	if n := uint64(v); float64(n) == v && n <= exact {
		cell.Add(c.series, n)
		runtime.KeepAlive(c)
		return
	}
	c.addPart(v)
}

//go:noinline
func (c *counter) addPart(v float64) {
	if v < 0 {
		panic("counter cannot decrease in value")
	}
	if c.handle.handle != nil {
		native.AddPart(c.handle.handle, v)
		runtime.KeepAlive(c)
	}
}

func (c *counter) AddOn(shard *Shard, n uint64) {
	if !shard.open() || !shard.cells.Add(c.series, n) {
		cell.Add(c.series, n)
	}
	runtime.KeepAlive(c)
}

func (c *counter) AddWithExemplar(v float64, exemplar Labels) {
	if exemplar == nil {
		c.Add(v)
		return
	}
	_ = c.addExemplar(v, pairs(nil, exemplar))
}

func (c *counter) AddExemplar(v float64, exemplar ...Label) error {
	return c.addExemplar(v, pairs(exemplar, nil))
}

func (c *counter) addExemplar(v float64, pairs []string) error {
	if v < 0 {
		panic("counter cannot decrease in value")
	}
	if c.handle.handle == nil {
		return c.family.err
	}
	defer runtime.KeepAlive(c)
	return failure(native.CounterExemplar(c.handle.handle, v, pairs))
}

// Collect sends the counter itself.
func (c *counter) Collect(to chan<- Metric) { to <- c }
