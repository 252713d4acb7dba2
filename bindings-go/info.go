package tykmetrics

import (
	"runtime"
	"unsafe"

	"github.com/tykmetrics/tykmetrics/bindings-go/internal/native"
)

// Info says what something is: a version, a revision. Its labels are its value.
type Info struct{ handle }

func newInfo(f *family, values []string) (*Info, error) {
	h, err := f.with(values)
	return infoOf(f, values, h), err
}

func infoOf(f *family, values []string, h unsafe.Pointer) *Info {
	i := &Info{handle{family: f, values: values, handle: h}}
	own(i, f.kind, h)
	return i
}

// NewInfo makes an info, to be registered; see NewCounter.
func NewInfo(opts InfoOpts) *Info {
	i, _ := newInfo(unlisted(native.Info, Opts(opts).options(nil)), nil)
	return i
}

// Set replaces the labels.
func (i *Info) Set(labels ...Label) error {
	if i.handle.handle == nil {
		return i.family.err
	}
	defer runtime.KeepAlive(i)
	return failure(native.SetInfo(i.handle.handle, pairs(labels, nil)))
}

// Collect sends the info itself.
func (i *Info) Collect(to chan<- Metric) { to <- i }

func (i *Info) read() (Sample, error) { return i.family.shown(i.values) }
