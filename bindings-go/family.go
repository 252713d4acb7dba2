package tykmetrics

import (
	"runtime"
	"time"
	"unsafe"

	"github.com/tykmetrics/tykmetrics/bindings-go/internal/native"
)

// A family of the engine, or the reason why there is none.
type family struct {
	native  *native.CFamily
	kind    uint32
	desc    *Desc
	err     error
	expires bool
	options *native.Options
}

// registrable is what any collector of this package is.
type registrable interface {
	Collector
	base() *family
}

// newFamily asks the registry for one; get or create, unless the options say unlisted.
func newFamily(in *Registry, kind uint32, options *native.Options) *family {
	f := &family{kind: kind, expires: options.ExpireAfter > 0, options: options}
	f.desc = &Desc{
		fqName: BuildFQName(options.Namespace, options.Subsystem, options.Name), help: options.Help, unit: options.Unit,
		labels: options.LabelNames, constant: options.ConstPairs,
	}
	if options.ExpireAfter != 0 && options.ExpireAfter < time.Millisecond {
		f.err = fail(InvalidOption, "metric %q cannot expire after %v: a millisecond is the least, 0 means never", f.desc.fqName, options.ExpireAfter)
	}
	c, err := in.core()
	if f.err == nil {
		f.err = err
	}
	if f.err == nil {
		f.native, err = native.NewFamily(c, kind, options)
		runtime.KeepAlive(in)
		f.err = failure(err)
	}
	if f.err == nil {
		runtime.AddCleanup(f, native.FreeFamily, f.native)
		if name, err := native.FamilyName(f.native); err == nil {
			f.desc.fqName = name
		}
	}
	f.desc.err = f.err
	return f
}

// with is the series' handle, which the caller frees.
func (f *family) with(values []string) (unsafe.Pointer, error) {
	if f.err != nil {
		return nil, f.err
	}
	handle, err := native.With(f.kind, f.native, values)
	runtime.KeepAlive(f)
	return handle, failure(err)
}

// A handle of one series, which the Go object that embeds it owns.
type handle struct {
	family *family
	values []string
	handle unsafe.Pointer // nil if there is no family
}

// freed is what frees a handle once its owner is gone.
type freed struct {
	kind   uint32
	handle unsafe.Pointer
}

func (f freed) free() { native.FreeHandle(f.kind, f.handle) }

// own has the handle freed when owner is collected.
func own[T any](owner *T, kind uint32, handle unsafe.Pointer) {
	if handle != nil {
		runtime.AddCleanup(owner, freed.free, freed{kind, handle})
	}
}

// Desc describes the metric.
func (h *handle) Desc() *Desc { return h.family.desc }

// Describe sends the metric's description.
func (h *handle) Describe(to chan<- *Desc) { to <- h.family.desc }

func (h *handle) base() *family { return h.family }

func (h *handle) sample() Sample {
	s := Sample{Kind: Kind(h.family.kind), Labels: labelsOf(h.family.desc.constant)}
	for i, value := range h.values {
		s.Labels = append(s.Labels, Label{h.family.desc.labels[i], value})
	}
	return s
}

// read is what a counter, a gauge or an up-down holds.
func (h *handle) read() (Sample, error) {
	s := h.sample()
	if h.handle == nil {
		return s, h.family.err
	}
	value, err := native.Value(h.family.kind, h.handle)
	runtime.KeepAlive(h)
	s.Value = value
	return s, failure(err)
}
