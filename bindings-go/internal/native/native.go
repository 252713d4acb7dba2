package native

/*
#cgo !tykmetrics_shared pkg-config: tykmetrics-static
#cgo tykmetrics_shared pkg-config: tykmetrics
#include <stdlib.h>
#include "glue.h"
*/
import "C"

import (
	"errors"
	"runtime"
	"runtime/cgo"
	"unsafe"
)

// The objects of the C door. What they point to is not Go's memory.
type (
	CRegistry = C.tyk_registry
	CFamily   = C.tyk_family
	CSnapshot = C.tyk_snapshot
	CFamilies = C.tyk_families
	CShard    = C.tyk_shard
	CServer   = C.tyk_server
)

func failure(e *C.tyk_error) error {
	if e == nil {
		return nil
	}
	defer C.tyk_error_free(&e)
	return &Error{uint32(C.tyk_error_code(e)), C.GoString(C.tyk_error_message(e))}
}

// Memory of scratch.go. C's calloc returns nil for want of memory, which Go's own allocations would end the process for.
func allocate(size uintptr) unsafe.Pointer { return C.calloc(1, C.size_t(size)) }
func release(block unsafe.Pointer)         { C.free(block) }

// with is a call that takes texts or arrays.
func with(call func(s *scratch) *C.tyk_error) error {
	var s scratch
	defer s.free()
	return failure(call(&s))
}

// get is a call that gives one thing.
func get[T any](call func(out *T) *C.tyk_error) (out T, err error) {
	err = failure(call(&out))
	return out, err
}

func (s *scratch) cstring(text string) *C.char        { return (*C.char)(s.ended(text)) }
func (s *scratch) values(values []string) *C.tyk_str  { return (*C.tyk_str)(s.texts(values)) }
func (s *scratch) labels(pairs []string) *C.tyk_label { return (*C.tyk_label)(s.texts(pairs)) }
func (s *scratch) array(values []float64) *C.double   { return (*C.double)(s.doubles(values)) }

func size[T any](of []T) C.size_t          { return C.size_t(len(of)) }
func half(pairs []string) C.size_t         { return C.size_t(len(pairs) / 2) }
func numbers[T any](of []T) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(of)) }
func text(s C.tyk_str) string              { return C.GoStringN(s.data, C.int(s.len)) }

func (s *scratch) options(o *Options) *C.tyk_options {
	out := (*C.tyk_options)(s.take(unsafe.Sizeof(C.tyk_options{})))
	*out = C.tyk_options{
		size: C.sizeof_tyk_options, namespace_: s.cstring(o.Namespace), subsystem: s.cstring(o.Subsystem),
		name: s.cstring(o.Name), help: s.cstring(o.Help), unit: s.cstring(o.Unit),
		label_names: (**C.char)(s.list(o.LabelNames)), label_count: size(o.LabelNames),
		const_labels: s.labels(o.ConstPairs), const_label_count: half(o.ConstPairs),
		limit: C.uint32_t(o.Limit), private_series: C.uint32_t(o.PrivateSeries),
		expire_after_ms: C.uint64_t(o.ExpireAfter.Milliseconds()), window_ms: C.uint64_t(o.Window.Milliseconds()),
		flags: C.uint32_t(o.Flags), store: C.uint32_t(o.Store), buckets: s.array(o.Buckets), bucket_count: size(o.Buckets),
		native: C.uint32_t(o.Native), native_schema: C.int32_t(o.NativeSchema),
		range_min: C.double(o.RangeMin), range_max: C.double(o.RangeMax),
		quantiles: s.array(o.Quantiles), quantile_count: size(o.Quantiles),
		states: (**C.char)(s.list(o.States)), state_count: size(o.States),
	}
	return out
}

func NewRegistry(o RegistryOptions) (out *CRegistry, err error) {
	err = with(func(s *scratch) *C.tyk_error {
		options := (*C.tyk_registry_options)(s.take(unsafe.Sizeof(C.tyk_registry_options{})))
		*options = C.tyk_registry_options{
			size: C.sizeof_tyk_registry_options, series_limit: C.uint64_t(o.SeriesLimit),
			const_labels: s.labels(o.ConstPairs), const_label_count: half(o.ConstPairs),
		}
		if o.LegacyNames {
			options.names = C.TYK_NAMES_LEGACY
		}
		return C.tyk_registry_new(options, &out)
	})
	return out, err
}

func GlobalRegistry() (*CRegistry, error) {
	return get(func(out **CRegistry) *C.tyk_error { return C.tyk_registry_global(out) })
}

func FreeRegistry(r *CRegistry)           { C.tyk_registry_free(&r) }
func List(r *CRegistry, f *CFamily) error { return failure(C.tyk_registry_list(r, f)) }
func Upkeep(r *CRegistry) error           { return failure(C.tyk_registry_upkeep(r)) }

func Series(r *CRegistry) (uint64, error) {
	return get(func(out *uint64) *C.tyk_error { return C.tyk_registry_series(r, (*C.uint64_t)(out)) })
}

func Unregister(r *CRegistry, name string) (found bool, err error) {
	err = with(func(s *scratch) *C.tyk_error { return C.tyk_registry_unregister(r, s.cstring(name), (*C.bool)(&found)) })
	return found, err
}

func CollectProcess(r *CRegistry, namespace string) (id uint64, err error) {
	err = with(func(s *scratch) *C.tyk_error {
		return C.tyk_registry_collect_process(r, s.cstring(namespace), (*C.uint64_t)(&id))
	})
	return id, err
}

func CollectEngine(r *CRegistry) (uint64, error) {
	return get(func(out *uint64) *C.tyk_error { return C.tyk_registry_collect_engine(r, (*C.uint64_t)(out)) })
}

// Collect has every scrape of the registry call collect, which must not panic. What it returns is what the call that
// started the scrape says of it, if that is one of this package; else unheard is called, which must not panic either.
func Collect(r *CRegistry, collect func(*CFamilies) []error, unheard func([]error)) (id uint64, err error) {
	user := cgo.NewHandle(&collector{collect, unheard})
	if err = failure(C.tyk_go_collect(r, C.uintptr_t(user), (*C.uint64_t)(&id))); err != nil {
		user.Delete()
	}
	return id, err
}

func Uncollect(r *CRegistry, id uint64) (bool, error) {
	return get(func(out *bool) *C.tyk_error { return C.tyk_registry_uncollect(r, C.uint64_t(id), (*C.bool)(out)) })
}

type collector struct {
	collect func(*CFamilies) []error
	unheard func([]error)
}

//export tykGoCollect
func tykGoCollect(user, scrape C.uintptr_t, into *C.tyk_families) {
	c := cgo.Handle(user).Value().(*collector)
	failed := c.collect(into)
	switch {
	case scrape != 0:
		of := cgo.Handle(scrape).Value().(*failures)
		of.all = append(of.all, failed...)
	case len(failed) > 0:
		c.unheard(failed)
	}
}

// failures are what went wrong in the collectors of one scrape. Only the scrape's thread writes them.
type failures struct{ all []error }

// scraping is a call that scrapes: it gives what went wrong in collectors of Go, and its own error.
func scraping(call func(scrape C.uintptr_t) *C.tyk_error) (collecting, err error) {
	var failed failures
	scrape := cgo.NewHandle(&failed)
	defer scrape.Delete()
	err = failure(call(C.uintptr_t(scrape)))
	return errors.Join(failed.all...), err
}

//export tykGoRead
func tykGoRead(user C.uintptr_t) C.double {
	return C.double(cgo.Handle(user).Value().(func() float64)())
}

//export tykGoDrop
func tykGoDrop(user C.uintptr_t) { cgo.Handle(user).Delete() }

// Serve starts a server. log is called on any thread, and must not panic.
func Serve(r *CRegistry, settings string, log func(string)) (server *CServer, err error) {
	user := cgo.NewHandle(log)
	err = with(func(s *scratch) *C.tyk_error {
		return C.tyk_go_serve(r, s.cstring(settings), C.uintptr_t(user), &server)
	})
	if err != nil {
		user.Delete()
	}
	return server, err
}

//export tykGoLog
func tykGoLog(user C.uintptr_t, message *C.char) {
	cgo.Handle(user).Value().(func(string))(C.GoString(message))
}

// ServerURL is where a server is found, and the address that it listens at.
func ServerURL(s *CServer) (url, address string) {
	return C.GoString(C.tyk_server_url(s)), C.GoString(C.tyk_server_address(s))
}

// CloseServer waits until the server has ended.
func CloseServer(s *CServer) { C.tyk_server_close(&s) }

func AddFamily(into *CFamilies, kind uint32, o *Options) (family uint64, err error) {
	err = with(func(s *scratch) *C.tyk_error {
		return C.tyk_families_add(into, C.uint32_t(kind), s.options(o), (*C.size_t)(&family))
	})
	return family, err
}

func Push(into *CFamilies, family uint64, values []string, value float64) error {
	return with(func(s *scratch) *C.tyk_error {
		return C.tyk_families_push(into, C.size_t(family), s.values(values), size(values), C.double(value))
	})
}

func PushHistogram(into *CFamilies, family uint64, values []string, counts []uint64, sum float64) error {
	return with(func(s *scratch) *C.tyk_error {
		return C.tyk_families_push_histogram(into, C.size_t(family), s.values(values), size(values),
			(*C.uint64_t)(numbers(counts)), size(counts), C.double(sum))
	})
}

func PushSummary(into *CFamilies, family uint64, values []string, quantiles, at []float64, count uint64, sum float64) error {
	return with(func(s *scratch) *C.tyk_error {
		return C.tyk_families_push_summary(into, C.size_t(family), s.values(values), size(values),
			(*C.double)(numbers(quantiles)), (*C.double)(numbers(at)), size(at), C.uint64_t(count), C.double(sum))
	})
}

func Began(into *CFamilies, family uint64, ms int64) error {
	return failure(C.tyk_families_began(into, C.size_t(family), C.uint64_t(ms)))
}

func PushExemplar(into *CFamilies, family uint64, pairs []string, value float64, ms int64) error {
	return with(func(s *scratch) *C.tyk_error {
		return C.tyk_families_exemplar(into, C.size_t(family), s.labels(pairs), half(pairs), C.double(value), C.uint64_t(ms))
	})
}

func NewFamily(r *CRegistry, kind uint32, o *Options) (out *CFamily, err error) {
	err = with(func(s *scratch) *C.tyk_error { return C.tyk_family_new(r, C.uint32_t(kind), s.options(o), &out) })
	return out, err
}

func FreeFamily(f *CFamily)        { C.tyk_family_free(&f) }
func ClearFamily(f *CFamily) error { return failure(C.tyk_family_clear(f)) }

func FamilyName(f *CFamily) (string, error) {
	name, err := get(func(out *C.tyk_str) *C.tyk_error { return C.tyk_family_name(f, out) })
	return text(name), err
}

func FamilyLen(f *CFamily) (uint64, error) {
	return get(func(out *uint64) *C.tyk_error { return C.tyk_family_len(f, (*C.uint64_t)(out)) })
}

func Remove(f *CFamily, values []string) (found bool, err error) {
	err = with(func(s *scratch) *C.tyk_error {
		return C.tyk_family_remove(f, s.values(values), size(values), (*C.bool)(&found))
	})
	return found, err
}

func RemoveMatching(f *CFamily, pairs []string) (n uint64, err error) {
	err = with(func(s *scratch) *C.tyk_error {
		return C.tyk_family_remove_matching(f, s.labels(pairs), half(pairs), (*C.uint64_t)(&n))
	})
	return n, err
}

// With is the handle of a series, a pointer to what the header says of its kind.
func With(kind uint32, f *CFamily, values []string) (handle unsafe.Pointer, err error) {
	// Spelled out, as lookups that the table does not answer cost what this allocates.
	var block [1]unsafe.Pointer
	s := scratch{block[:0]}
	defer s.free()
	got := C.tyk_go_with(C.uint32_t(kind), f, s.values(values), size(values))
	return got.handle, failure(got.error)
}

func FreeHandle(kind uint32, handle unsafe.Pointer) { C.tyk_go_free(C.uint32_t(kind), handle) }

// Callback has the scrape ask read, which must not panic, for the value of a counter or a gauge.
func Callback(kind uint32, handle unsafe.Pointer, read func() float64) error {
	user := cgo.NewHandle(read)
	err := failure(C.tyk_go_callback(C.uint32_t(kind), handle, C.uintptr_t(user)))
	if err != nil {
		user.Delete()
	}
	return err
}

func AddCounter(h unsafe.Pointer, n uint64) { C.tyk_counter_add((*C.tyk_counter)(h), C.uint64_t(n)) }
func AddPart(h unsafe.Pointer, v float64)   { C.tyk_counter_add_double((*C.tyk_counter)(h), C.double(v)) }
func AddUpDown(h unsafe.Pointer, n int64)   { C.tyk_up_down_add((*C.tyk_up_down)(h), C.int64_t(n)) }
func ObserveHistogram(h unsafe.Pointer, v float64) {
	C.tyk_histogram_observe((*C.tyk_histogram)(h), C.double(v))
}
func ObserveSummary(h unsafe.Pointer, v float64) {
	C.tyk_summary_observe((*C.tyk_summary)(h), C.double(v))
}
func SetGaugeNow(h unsafe.Pointer)            { C.tyk_gauge_set_now((*C.tyk_gauge)(h)) }
func SetGaugeMax(h unsafe.Pointer, v float64) { C.tyk_gauge_set_max((*C.tyk_gauge)(h), C.double(v)) }
func SetGaugeMin(h unsafe.Pointer, v float64) { C.tyk_gauge_set_min((*C.tyk_gauge)(h), C.double(v)) }

func CounterExemplar(h unsafe.Pointer, v float64, pairs []string) error {
	return with(func(s *scratch) *C.tyk_error {
		return C.tyk_counter_add_exemplar((*C.tyk_counter)(h), C.double(v), s.labels(pairs), half(pairs))
	})
}

func HistogramExemplar(h unsafe.Pointer, v float64, pairs []string) error {
	return with(func(s *scratch) *C.tyk_error {
		return C.tyk_histogram_observe_exemplar((*C.tyk_histogram)(h), C.double(v), s.labels(pairs), half(pairs))
	})
}

func SetInfo(h unsafe.Pointer, pairs []string) error {
	return with(func(s *scratch) *C.tyk_error { return C.tyk_info_set((*C.tyk_info)(h), s.labels(pairs), half(pairs)) })
}

func EnterState(h unsafe.Pointer, state string) error {
	return with(func(s *scratch) *C.tyk_error { return C.tyk_state_set_enter((*C.tyk_state_set)(h), s.cstring(state)) })
}

func SetState(h unsafe.Pointer, state string, holds bool) error {
	return with(func(s *scratch) *C.tyk_error {
		return C.tyk_state_set_set((*C.tyk_state_set)(h), s.cstring(state), C.bool(holds))
	})
}

func StateHolds(h unsafe.Pointer, state string) (holds bool, err error) {
	err = with(func(s *scratch) *C.tyk_error {
		return C.tyk_state_set_holds((*C.tyk_state_set)(h), s.cstring(state), (*C.bool)(&holds))
	})
	return holds, err
}

// Value is what a counter, a gauge or an up-down holds now.
func Value(kind uint32, h unsafe.Pointer) (float64, error) {
	return get(func(v *float64) *C.tyk_error { return C.tyk_go_value(C.uint32_t(kind), h, (*C.double)(v)) })
}

// Distribution is what a histogram or a summary held at a moment.
type Distribution struct{ c *C.tyk_distribution }

func distribution(call func(**C.tyk_distribution) *C.tyk_error) (*Distribution, error) {
	c, err := get(call)
	if err != nil {
		return nil, err
	}
	d := &Distribution{c}
	runtime.AddCleanup(d, func(c *C.tyk_distribution) { C.tyk_distribution_free(&c) }, c)
	return d, nil
}

func Distributed(kind uint32, h unsafe.Pointer) (*Distribution, error) {
	return distribution(func(out **C.tyk_distribution) *C.tyk_error { return C.tyk_go_distribution(C.uint32_t(kind), h, out) })
}

func (d *Distribution) Totals() (count uint64, sum float64, err error) {
	defer runtime.KeepAlive(d)
	if err = failure(C.tyk_distribution_count(d.c, (*C.uint64_t)(&count))); err == nil {
		err = failure(C.tyk_distribution_sum(d.c, (*C.double)(&sum)))
	}
	return count, sum, err
}

func (d *Distribution) Quantile(q float64) (float64, error) {
	defer runtime.KeepAlive(d)
	return get(func(v *float64) *C.tyk_error { return C.tyk_distribution_quantile(d.c, C.double(q), (*C.double)(v)) })
}

// Cumulative are the classic bounds and what is up to them.
func (d *Distribution) Cumulative() (bounds []float64, counts []uint64, err error) {
	defer runtime.KeepAlive(d)
	var n C.size_t
	if err = failure(C.tyk_distribution_cumulative(d.c, nil, nil, 0, &n)); err != nil || n == 0 {
		return nil, nil, err
	}
	bounds, counts = make([]float64, n), make([]uint64, n)
	err = failure(C.tyk_distribution_cumulative(d.c, (*C.double)(&bounds[0]), (*C.uint64_t)(&counts[0]), n, &n))
	return bounds, counts, err
}

func Linear(start, width float64, out []float64) error {
	return failure(C.tyk_buckets_linear(C.double(start), C.double(width), size(out), (*C.double)(numbers(out))))
}

func Exponential(start, factor float64, out []float64) error {
	return failure(C.tyk_buckets_exponential(C.double(start), C.double(factor), size(out), (*C.double)(numbers(out))))
}

func ExponentialRange(smallest, largest float64, out []float64) error {
	return failure(C.tyk_buckets_exponential_range(C.double(smallest), C.double(largest), size(out), (*C.double)(numbers(out))))
}

// FirstAdd is a record by a thread that may open a shard by it. It is made unless `most` others have one already, and gives
// the limit of private cells, or None if the engine has no shard for the thread.
func FirstAdd(kind uint32, h unsafe.Pointer, n uint64, most int32) (limit uint32, made bool) {
	limit = uint32(C.tyk_go_first_add(C.uint32_t(kind), h, C.uint64_t(n), C.int32_t(most)))
	return limit, limit != 0
}

// FirstObserve is FirstAdd for a histogram or a summary.
func FirstObserve(kind uint32, h unsafe.Pointer, v float64, most int32) (limit uint32, made bool) {
	limit = uint32(C.tyk_go_first_observe(C.uint32_t(kind), h, C.double(v), C.int32_t(most)))
	return limit, limit != 0
}

// None is a limit that is not known.
const None uint32 = C.TYK_GO_NONE

func Adopted() *int32            { return (*int32)(unsafe.Pointer(C.tyk_go_adopted())) }
func ThreadOffset() uintptr      { return uintptr(C.tyk_go_thread_offset()) }
func RefusedOffset() uintptr     { return uintptr(C.tyk_go_refused_offset()) }
func ReleaseShard(shard *CShard) { C.tyk_shard_release(&shard) }

// OpenShard opens a shard of whole numbers: its cells, and how many they are.
func OpenShard(owner uint32) (shard *CShard, cells unsafe.Pointer, limit uint32, err error) {
	if err = failure(C.tyk_shard_open(C.uint32_t(owner), C.TYK_CELLS_U64, &shard)); err != nil {
		return nil, nil, 0, err
	}
	return shard, unsafe.Pointer(shard.cells.cells), uint32(shard.cells.limit), nil
}

// c is the exposition as C has it: types.go lays it out the same way.
func (e *Exposition) c() *C.tyk_exposition { return (*C.tyk_exposition)(unsafe.Pointer(e)) }

var _ [unsafe.Sizeof(Exposition{})]byte = [C.sizeof_tyk_exposition]byte{}

func ExpositionOf(format string) (out Exposition, err error) {
	err = with(func(s *scratch) *C.tyk_error { return C.tyk_exposition_of(s.cstring(format), out.c()) })
	return out, err
}

func Negotiate(accept, acceptEncoding string) (out Exposition, err error) {
	err = with(func(s *scratch) *C.tyk_error {
		return C.tyk_negotiate(s.cstring(accept), s.cstring(acceptEncoding), out.c())
	})
	return out, err
}

// ContentType is the value of the header, and that of Content-Encoding, "" for none.
func ContentType(e Exposition) (contentType, contentEncoding string, err error) {
	var out Bytes
	defer out.Free()
	err = failure(C.tyk_exposition_content_type(e.c(), &out.c))
	return string(out.Slice()), C.GoString(C.tyk_exposition_content_encoding(e.c())), err
}

// Bytes is memory of C that a render fills and the next one uses again.
type Bytes struct{ c C.tyk_bytes }

// Slice is good until the next render or Free.
func (b *Bytes) Slice() []byte    { return unsafe.Slice((*byte)(unsafe.Pointer(b.c.data)), int(b.c.len)) }
func (b *Bytes) Capacity() uint64 { return uint64(b.c.capacity) }
func (b *Bytes) Free()            { C.tyk_bytes_free(&b.c) }

// Render renders what collectors gave even if some of them failed, of which `collecting` tells.
func Render(r *CRegistry, e Exposition, into *Bytes) (collecting, err error) {
	return scraping(func(scrape C.uintptr_t) *C.tyk_error { return C.tyk_go_render(r, e.c(), &into.c, scrape) })
}

// NewSnapshot has what collectors gave even if some of them failed, of which `collecting` tells.
func NewSnapshot(r *CRegistry) (out *CSnapshot, collecting, err error) {
	collecting, err = scraping(func(scrape C.uintptr_t) *C.tyk_error { return C.tyk_go_snapshot(r, &out, scrape) })
	return out, collecting, err
}

func FreeSnapshot(s *CSnapshot) { C.tyk_snapshot_free(&s) }

func Delta(now, before *CSnapshot) (*CSnapshot, error) {
	return get(func(out **CSnapshot) *C.tyk_error { return C.tyk_snapshot_delta(now, before, out) })
}

func RenderSnapshot(snapshot *CSnapshot, e Exposition, into *Bytes) error {
	return failure(C.tyk_snapshot_render(snapshot, e.c(), &into.c))
}

func SnapshotFamilies(s *CSnapshot) ([]FamilyView, error) {
	var n C.size_t
	err := failure(C.tyk_snapshot_len(s, &n))
	out := make([]FamilyView, 0, int(n))
	for i := C.size_t(0); i < n && err == nil; i++ {
		var v C.tyk_family_view
		err = failure(C.tyk_snapshot_family(s, i, &v))
		out = append(out, FamilyView{text(v.name), text(v.help), text(v.unit), uint32(v.kind), int(v.series_count)})
	}
	return out, err
}

func SnapshotSeries(s *CSnapshot, family, series int) (out SeriesView, err error) {
	f, at := C.size_t(family), C.size_t(series)
	v, err := get(func(out *C.tyk_series_view) *C.tyk_error { return C.tyk_snapshot_series(s, f, at, out) })
	out = SeriesView{CreatedMs: uint64(v.created_ms), Value: float64(v.value), Count: uint64(v.count), Sum: float64(v.sum)}
	for i := C.size_t(0); i < v.label_count && err == nil; i++ {
		var l C.tyk_label
		err = failure(C.tyk_snapshot_label(s, f, at, i, &l))
		out.Pairs = append(out.Pairs, text(l.name), text(l.value))
	}
	for i := C.size_t(0); i < v.quantile_count && err == nil; i++ {
		var q [2]float64
		err = failure(C.tyk_snapshot_quantile(s, f, at, i, (*C.double)(&q[0]), (*C.double)(&q[1])))
		out.Quantiles = append(out.Quantiles, q)
	}
	for i := C.size_t(0); i < v.state_count && err == nil; i++ {
		var name C.tyk_str
		var holds C.bool
		err = failure(C.tyk_snapshot_state(s, f, at, i, &name, &holds))
		out.States = append(out.States, State{text(name), bool(holds)})
	}
	for i := C.size_t(0); i < v.exemplar_count && err == nil; i++ {
		var e C.tyk_exemplar_view
		err = failure(C.tyk_snapshot_exemplar(s, f, at, i, &e))
		exemplar := Exemplar{Value: float64(e.value), AtMs: uint64(e.at_ms)}
		for j := C.size_t(0); j < e.label_count && err == nil; j++ {
			var l C.tyk_label
			err = failure(C.tyk_snapshot_exemplar_label(s, f, at, i, j, &l))
			exemplar.Pairs = append(exemplar.Pairs, text(l.name), text(l.value))
		}
		out.Exemplars = append(out.Exemplars, exemplar)
	}
	return out, err
}

func SnapshotDistribution(s *CSnapshot, family, series int) (*Distribution, error) {
	return distribution(func(out **C.tyk_distribution) *C.tyk_error {
		return C.tyk_snapshot_distribution(s, C.size_t(family), C.size_t(series), out)
	})
}
