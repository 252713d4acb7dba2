package tykmetrics

import (
	"runtime"
	"unsafe"

	"github.com/tykmetrics/tykmetrics/bindings-go/internal/cell"
	"github.com/tykmetrics/tykmetrics/bindings-go/internal/native"
)

// UpDown is a gauge that is only moved, by whole numbers: requests in flight, connections open, jobs queued. It is exact,
// costs what a counter costs, and is shown as a gauge.
type UpDown interface {
	Metric
	Collector

	// Inc adds 1.
	Inc()
	// Dec takes 1 away.
	Dec()
	// Add adds n, which may be negative.
	Add(n int64)
	// AddOn adds n to the shard of the calling goroutine.
	AddOn(shard *Shard, n int64)
}

type upDown struct {
	series *cell.Series
	handle
}

func newUpDown(f *family, values []string) (*upDown, error) {
	h, err := f.with(values)
	return upDownOf(f, values, h), err
}

func upDownOf(f *family, values []string, h unsafe.Pointer) *upDown {
	u := &upDown{handle: handle{family: f, values: values, handle: h}, series: cell.Of(h)}
	if h == nil {
		u.series = cell.Nowhere()
	}
	own(u, f.kind, h)
	return u
}

// NewUpDown makes an up-down, to be registered; see NewCounter.
func NewUpDown(opts UpDownOpts) UpDown {
	u, _ := newUpDown(unlisted(native.UpDown, Opts(opts).options(nil)), nil)
	return u
}

func (u *upDown) Inc() { u.Add(1) }

func (u *upDown) Dec() { u.Add(-1) }

func (u *upDown) Add(n int64) {
	cell.AddUpDown(u.series, uint64(n))
	runtime.KeepAlive(u)
}

func (u *upDown) AddOn(shard *Shard, n int64) {
	if !shard.open() || !shard.cells.Add(u.series, uint64(n)) {
		cell.AddUpDown(u.series, uint64(n))
	}
	runtime.KeepAlive(u)
}

// Collect sends the up-down itself.
func (u *upDown) Collect(to chan<- Metric) { to <- u }
