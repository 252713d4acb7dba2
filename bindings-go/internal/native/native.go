package native

/*
#cgo !tykmetrics_shared pkg-config: tykmetrics-static
#cgo tykmetrics_shared pkg-config: tykmetrics
#cgo noescape tyk_counter_add
#cgo nocallback tyk_counter_add
#include <stdlib.h>
#include "glue.h"
*/
import "C"

import (
	"fmt"
	"runtime"
	"runtime/cgo"
	"strings"
	"unsafe"
)

// The objects of the C door. What they point to is not Go's memory.
type (
	CRegistry = C.tyk_registry
	CFamily   = C.tyk_family
	CSnapshot = C.tyk_snapshot
	CFamilies = C.tyk_families
	CShard    = C.tyk_shard
)

func failure(e *C.tyk_error) error {
	if e == nil {
		return nil
	}
	defer C.tyk_error_free(&e)
	return &Error{uint32(C.tyk_error_code(e)), C.GoString(C.tyk_error_name(e)), C.GoString(C.tyk_error_message(e))}
}

// scratch is memory of C for the texts and arrays of one call.
type scratch struct {
	blocks []unsafe.Pointer
	err    error
}

func (s *scratch) take(size uintptr) unsafe.Pointer {
	block := C.calloc(1, C.size_t(size))
	s.blocks = append(s.blocks, block)
	return block
}

func (s *scratch) free() {
	for _, block := range s.blocks {
		C.free(block)
	}
}

// cstring is nil for the empty text, which every option of the door takes for its default.
func (s *scratch) cstring(what, text string) *C.char {
	if strings.IndexByte(text, 0) >= 0 && s.err == nil {
		s.err = &Error{invalidText, "invalid_text", fmt.Sprintf("the %s %q holds a NUL byte, which texts of the C door end in: leave it out", what, text)}
	}
	block := C.CString(text)
	s.blocks = append(s.blocks, unsafe.Pointer(block))
	return block
}

// texts is an array of tyk_str, which is laid out like an array of tyk_label half as long.
func (s *scratch) texts(values []string) *C.tyk_str {
	if len(values) == 0 {
		return nil
	}
	size := 0
	for _, value := range values {
		size += len(value)
	}
	head := uintptr(len(values)) * unsafe.Sizeof(C.tyk_str{})
	block := s.take(head + uintptr(size) + 1)
	out := unsafe.Slice((*C.tyk_str)(block), len(values))
	bytes := unsafe.Slice((*byte)(unsafe.Add(block, head)), size+1)
	at := 0
	for i, value := range values {
		out[i] = C.tyk_str{data: (*C.char)(unsafe.Pointer(&bytes[at])), len: C.size_t(len(value))}
		at += copy(bytes[at:], value)
	}
	return &out[0]
}

func (s *scratch) labels(pairs []string) (*C.tyk_label, C.size_t) {
	return (*C.tyk_label)(unsafe.Pointer(s.texts(pairs))), C.size_t(len(pairs) / 2)
}

func (s *scratch) cstrings(what string, texts []string) (**C.char, C.size_t) {
	if texts == nil {
		return nil, 0
	}
	block := s.take(uintptr(len(texts)+1) * unsafe.Sizeof((*C.char)(nil)))
	for i, text := range texts {
		unsafe.Slice((**C.char)(block), len(texts))[i] = s.cstring(what, text)
	}
	return (**C.char)(block), C.size_t(len(texts))
}

func (s *scratch) doubles(values []float64) (*C.double, C.size_t) {
	if values == nil {
		return nil, 0
	}
	block := s.take(uintptr(len(values)+1) * 8)
	copy(unsafe.Slice((*float64)(block), len(values)), values)
	return (*C.double)(block), C.size_t(len(values))
}

func (s *scratch) options(o *Options) *C.tyk_options {
	out := (*C.tyk_options)(s.take(unsafe.Sizeof(C.tyk_options{})))
	out.size = C.size_t(unsafe.Sizeof(C.tyk_options{}))
	out.namespace_, out.subsystem = s.cstring("namespace", o.Namespace), s.cstring("subsystem", o.Subsystem)
	out.name, out.help, out.unit = s.cstring("name", o.Name), s.cstring("help", o.Help), s.cstring("unit", o.Unit)
	out.label_names, out.label_count = s.cstrings("label name", o.LabelNames)
	out.const_labels, out.const_label_count = s.labels(o.ConstPairs)
	out.limit, out.private_series = C.uint32_t(o.Limit), C.uint32_t(o.PrivateSeries)
	out.expire_after_ms, out.window_ms = C.uint64_t(o.ExpireAfter.Milliseconds()), C.uint64_t(o.Window.Milliseconds())
	out.flags, out.store = C.uint32_t(o.Flags), C.uint32_t(o.Store)
	out.buckets, out.bucket_count = s.doubles(o.Buckets)
	out.native, out.native_schema = C.uint32_t(o.Native), C.int32_t(o.NativeSchema)
	out.range_min, out.range_max = C.double(o.RangeMin), C.double(o.RangeMax)
	out.quantiles, out.quantile_count = s.doubles(o.Quantiles)
	out.states, out.state_count = s.cstrings("state", o.States)
	return out
}

func text(s C.tyk_str) string { return C.GoStringN(s.data, C.int(s.len)) }

// Registries.

func NewRegistry(o RegistryOptions) (out *CRegistry, err error) {
	var s scratch
	defer s.free()
	options := (*C.tyk_registry_options)(s.take(unsafe.Sizeof(C.tyk_registry_options{})))
	options.size = C.size_t(unsafe.Sizeof(C.tyk_registry_options{}))
	if o.LegacyNames {
		options.names = 1
	}
	options.series_limit = C.uint64_t(o.SeriesLimit)
	options.const_labels, options.const_label_count = s.labels(o.ConstPairs)
	err = failure(C.tyk_registry_new(options, &out))
	return out, err
}

func GlobalRegistry() (out *CRegistry, err error) {
	err = failure(C.tyk_registry_global(&out))
	return out, err
}

func FreeRegistry(r *CRegistry)           { C.tyk_registry_free(&r) }
func List(r *CRegistry, f *CFamily) error { return failure(C.tyk_registry_list(r, f)) }
func Upkeep(r *CRegistry) error           { return failure(C.tyk_registry_upkeep(r)) }
func CollectEngine(r *CRegistry) error    { return failure(C.tyk_registry_collect_engine(r)) }
func Series(r *CRegistry) (n uint64, err error) {
	err = failure(C.tyk_registry_series(r, (*C.uint64_t)(&n)))
	return n, err
}

func Unregister(r *CRegistry, name string) (bool, error) {
	var s scratch
	defer s.free()
	var found C.bool
	err := failure(C.tyk_registry_unregister(r, s.cstring("name", name), &found))
	return bool(found), err
}

func CollectProcess(r *CRegistry, namespace string) error {
	var s scratch
	defer s.free()
	return failure(C.tyk_registry_collect_process(r, s.cstring("namespace", namespace)))
}

// Collect has every scrape of the registry call collect, which must not panic.
func Collect(r *CRegistry, collect func(*CFamilies)) (id uint64, err error) {
	user := cgo.NewHandle(collect)
	if err = failure(C.tyk_go_collect(r, C.uintptr_t(user), (*C.uint64_t)(&id))); err != nil {
		user.Delete()
	}
	return id, err
}

func Uncollect(r *CRegistry, id uint64) (bool, error) {
	var found C.bool
	err := failure(C.tyk_registry_uncollect(r, C.uint64_t(id), &found))
	return bool(found), err
}

//export tykGoCollect
func tykGoCollect(user C.uintptr_t, into *C.tyk_families) {
	cgo.Handle(user).Value().(func(*CFamilies))(into)
}

//export tykGoRead
func tykGoRead(user C.uintptr_t) C.double {
	return C.double(cgo.Handle(user).Value().(func() float64)())
}

//export tykGoDrop
func tykGoDrop(user C.uintptr_t) { cgo.Handle(user).Delete() }

func AddFamily(into *CFamilies, kind uint32, o *Options) (family uint64, err error) {
	var s scratch
	defer s.free()
	options, at := s.options(o), C.size_t(0)
	if s.err != nil {
		return 0, s.err
	}
	err = failure(C.tyk_families_add(into, C.uint32_t(kind), options, &at))
	return uint64(at), err
}

func Push(into *CFamilies, family uint64, values []string, value float64) error {
	var s scratch
	defer s.free()
	return failure(C.tyk_families_push(into, C.size_t(family), s.texts(values), C.size_t(len(values)), C.double(value)))
}

func PushHistogram(into *CFamilies, family uint64, values []string, counts []uint64, sum float64) error {
	var s scratch
	defer s.free()
	return failure(C.tyk_families_push_histogram(into, C.size_t(family), s.texts(values), C.size_t(len(values)),
		(*C.uint64_t)(unsafe.SliceData(counts)), C.size_t(len(counts)), C.double(sum)))
}

func PushSummary(into *CFamilies, family uint64, values []string, quantiles, at []float64, count uint64, sum float64) error {
	var s scratch
	defer s.free()
	q, n := s.doubles(quantiles)
	v, _ := s.doubles(at)
	return failure(C.tyk_families_push_summary(into, C.size_t(family), s.texts(values), C.size_t(len(values)), q, v, n, C.uint64_t(count), C.double(sum)))
}

// Families.

func NewFamily(r *CRegistry, kind uint32, o *Options) (out *CFamily, err error) {
	var s scratch
	defer s.free()
	options := s.options(o)
	if s.err != nil {
		return nil, s.err
	}
	err = failure(C.tyk_family_new(r, C.uint32_t(kind), options, &out))
	return out, err
}

func FreeFamily(f *CFamily)        { C.tyk_family_free(&f) }
func ClearFamily(f *CFamily) error { return failure(C.tyk_family_clear(f)) }

func FamilyName(f *CFamily) (string, error) {
	var name C.tyk_str
	if err := failure(C.tyk_family_name(f, &name)); err != nil {
		return "", err
	}
	return text(name), nil
}

func FamilyLen(f *CFamily) (n uint64, err error) {
	err = failure(C.tyk_family_len(f, (*C.uint64_t)(&n)))
	return n, err
}

func Remove(f *CFamily, values []string) (bool, error) {
	var s scratch
	defer s.free()
	var found C.bool
	err := failure(C.tyk_family_remove(f, s.texts(values), C.size_t(len(values)), &found))
	return bool(found), err
}

func RemoveMatching(f *CFamily, pairs []string) (n uint64, err error) {
	var s scratch
	defer s.free()
	labels, count := s.labels(pairs)
	err = failure(C.tyk_family_remove_matching(f, labels, count, (*C.uint64_t)(&n)))
	return n, err
}

// Handles, as pointers to what the header says of their kind.

func With(kind uint32, f *CFamily, values []string) (handle unsafe.Pointer, err error) {
	var s scratch
	defer s.free()
	err = failure(C.tyk_go_with(C.uint32_t(kind), f, s.texts(values), C.size_t(len(values)), &handle))
	return handle, err
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
func AddCounterDouble(h unsafe.Pointer, v float64) {
	C.tyk_counter_add_double((*C.tyk_counter)(h), C.double(v))
}
func AddUpDown(h unsafe.Pointer, n int64) { C.tyk_up_down_add((*C.tyk_up_down)(h), C.int64_t(n)) }
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
	var s scratch
	defer s.free()
	labels, n := s.labels(pairs)
	return failure(C.tyk_counter_add_exemplar((*C.tyk_counter)(h), C.double(v), labels, n))
}

func HistogramExemplar(h unsafe.Pointer, v float64, pairs []string) error {
	var s scratch
	defer s.free()
	labels, n := s.labels(pairs)
	return failure(C.tyk_histogram_observe_exemplar((*C.tyk_histogram)(h), C.double(v), labels, n))
}

func SetInfo(h unsafe.Pointer, pairs []string) error {
	var s scratch
	defer s.free()
	labels, n := s.labels(pairs)
	return failure(C.tyk_info_set((*C.tyk_info)(h), labels, n))
}

func EnterState(h unsafe.Pointer, state string) error {
	var s scratch
	defer s.free()
	name := s.cstring("state", state)
	if s.err != nil {
		return s.err
	}
	return failure(C.tyk_state_set_enter((*C.tyk_state_set)(h), name))
}

func SetState(h unsafe.Pointer, state string, holds bool) error {
	var s scratch
	defer s.free()
	name := s.cstring("state", state)
	if s.err != nil {
		return s.err
	}
	return failure(C.tyk_state_set_set((*C.tyk_state_set)(h), name, C.bool(holds)))
}

func StateHolds(h unsafe.Pointer, state string) (bool, error) {
	var s scratch
	defer s.free()
	var holds C.bool
	err := failure(C.tyk_state_set_holds((*C.tyk_state_set)(h), s.cstring("state", state), &holds))
	return bool(holds), err
}

// Value is what a counter, a gauge or an up-down holds now.
func Value(kind uint32, h unsafe.Pointer) (v float64, err error) {
	switch kind {
	case Counter:
		err = failure(C.tyk_counter_value((*C.tyk_counter)(h), (*C.double)(&v)))
	case UpDown:
		var n C.int64_t
		err = failure(C.tyk_up_down_value((*C.tyk_up_down)(h), &n))
		v = float64(n)
	default:
		err = failure(C.tyk_gauge_value((*C.tyk_gauge)(h), (*C.double)(&v)))
	}
	return v, err
}

// Distribution is what a histogram or a summary held at a moment.
type Distribution struct{ c *C.tyk_distribution }

func distribution(c *C.tyk_distribution, err error) (*Distribution, error) {
	if err != nil {
		return nil, err
	}
	d := &Distribution{c}
	runtime.AddCleanup(d, func(c *C.tyk_distribution) { C.tyk_distribution_free(&c) }, c)
	return d, nil
}

func Distributed(kind uint32, h unsafe.Pointer) (*Distribution, error) {
	var c *C.tyk_distribution
	var err error
	if kind == Summary {
		err = failure(C.tyk_summary_distribution((*C.tyk_summary)(h), &c))
	} else {
		err = failure(C.tyk_histogram_distribution((*C.tyk_histogram)(h), &c))
	}
	return distribution(c, err)
}

func (d *Distribution) Totals() (count uint64, sum float64, err error) {
	defer runtime.KeepAlive(d)
	if err = failure(C.tyk_distribution_count(d.c, (*C.uint64_t)(&count))); err == nil {
		err = failure(C.tyk_distribution_sum(d.c, (*C.double)(&sum)))
	}
	return count, sum, err
}

func (d *Distribution) Quantile(q float64) (v float64, err error) {
	defer runtime.KeepAlive(d)
	err = failure(C.tyk_distribution_quantile(d.c, C.double(q), (*C.double)(&v)))
	return v, err
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

// Encode is HdrHistogram's V2 format.
func (d *Distribution) Encode() ([]byte, error) {
	defer runtime.KeepAlive(d)
	var b C.tyk_bytes
	defer C.tyk_bytes_free(&b)
	err := failure(C.tyk_distribution_encode(d.c, &b))
	return C.GoBytes(unsafe.Pointer(b.data), C.int(b.len)), err
}

func Linear(start, width float64, out []float64) error {
	return failure(C.tyk_buckets_linear(C.double(start), C.double(width), C.size_t(len(out)), (*C.double)(unsafe.SliceData(out))))
}

func Exponential(start, factor float64, out []float64) error {
	return failure(C.tyk_buckets_exponential(C.double(start), C.double(factor), C.size_t(len(out)), (*C.double)(unsafe.SliceData(out))))
}

func ExponentialRange(smallest, largest float64, out []float64) error {
	return failure(C.tyk_buckets_exponential_range(C.double(smallest), C.double(largest), C.size_t(len(out)), (*C.double)(unsafe.SliceData(out))))
}

// Shards.

// Adopt says whether the calling thread may have a shard: no if `most` others have one.
func Adopt(most int32) bool { return bool(C.tyk_go_adopt(C.int32_t(most))) }

func Adopted() *int32             { return (*int32)(unsafe.Pointer(C.tyk_go_adopted())) }
func ThreadOffset() uintptr       { return uintptr(C.tyk_go_thread_offset()) }
func ThreadCells() unsafe.Pointer { return unsafe.Pointer(C.tyk_thread_cells()) }
func ReleaseShard(shard *CShard)  { C.tyk_shard_release(&shard) }

// OpenShard opens a shard of whole numbers: its cells, and how many they are.
func OpenShard(owner uint32) (shard *CShard, cells unsafe.Pointer, limit uint32, err error) {
	if err = failure(C.tyk_shard_open(C.uint32_t(owner), C.TYK_ENCODING_U64, &shard)); err != nil {
		return nil, nil, 0, err
	}
	return shard, unsafe.Pointer(shard.cells.cells), uint32(shard.cells.limit), nil
}

// Rendering.

func exposition(e Exposition) C.tyk_exposition {
	return C.tyk_exposition{
		format: C.uint32_t(e.Format), escaping: C.uint32_t(e.Escaping), encoding: C.uint32_t(e.Encoding), histograms: C.uint32_t(e.Histograms),
		created: C.bool(e.Created), empty_families: C.bool(e.EmptyFamilies), native_coarsest_given: C.bool(e.HasSchema),
		native_schema: C.int32_t(e.NativeSchema), native_buckets: C.uint64_t(e.NativeBuckets),
	}
}

func expositionOf(e *C.tyk_exposition) Exposition {
	return Exposition{
		Format: uint32(e.format), Escaping: uint32(e.escaping), Encoding: uint32(e.encoding), Histograms: uint32(e.histograms),
		Created: bool(e.created), EmptyFamilies: bool(e.empty_families), HasSchema: bool(e.native_coarsest_given),
		NativeSchema: int32(e.native_schema), NativeBuckets: uint64(e.native_buckets),
	}
}

func ExpositionOf(format string) (Exposition, error) {
	var s scratch
	defer s.free()
	var out C.tyk_exposition
	name := s.cstring("format", format)
	if s.err != nil {
		return Exposition{}, s.err
	}
	err := failure(C.tyk_exposition_of(name, &out))
	return expositionOf(&out), err
}

func Negotiate(accept, acceptEncoding string) (Exposition, error) {
	var s scratch
	defer s.free()
	var out C.tyk_exposition
	a, e := s.cstring("Accept header", accept), s.cstring("Accept-Encoding header", acceptEncoding)
	if s.err != nil {
		return Exposition{}, s.err
	}
	err := failure(C.tyk_negotiate(a, e, &out))
	return expositionOf(&out), err
}

func ContentType(e Exposition) (string, error) {
	out, options := C.tyk_bytes{}, exposition(e)
	defer C.tyk_bytes_free(&out)
	err := failure(C.tyk_exposition_content_type(&options, &out))
	return C.GoStringN((*C.char)(unsafe.Pointer(out.data)), C.int(out.len)), err
}

// Bytes is memory of C that a render fills and the next one uses again.
type Bytes struct{ c C.tyk_bytes }

// Slice is good until the next render or Free.
func (b *Bytes) Slice() []byte    { return unsafe.Slice((*byte)(unsafe.Pointer(b.c.data)), int(b.c.len)) }
func (b *Bytes) Capacity() uint64 { return uint64(b.c.capacity) }
func (b *Bytes) Free()            { C.tyk_bytes_free(&b.c) }

func Render(r *CRegistry, e Exposition, into *Bytes) error {
	options := exposition(e)
	return failure(C.tyk_render(r, &options, &into.c))
}

// Snapshots.

func NewSnapshot(r *CRegistry) (out *CSnapshot, err error) {
	err = failure(C.tyk_snapshot_new(r, &out))
	return out, err
}

func FreeSnapshot(s *CSnapshot) { C.tyk_snapshot_free(&s) }

func Delta(now, before *CSnapshot) (out *CSnapshot, err error) {
	err = failure(C.tyk_snapshot_delta(now, before, &out))
	return out, err
}

func RenderSnapshot(snapshot *CSnapshot, e Exposition, into *Bytes) error {
	options := exposition(e)
	return failure(C.tyk_snapshot_render(snapshot, &options, &into.c))
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
	var v C.tyk_series_view
	f, at := C.size_t(family), C.size_t(series)
	if err = failure(C.tyk_snapshot_series(s, f, at, &v)); err != nil {
		return out, err
	}
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
	var c *C.tyk_distribution
	err := failure(C.tyk_snapshot_distribution(s, C.size_t(family), C.size_t(series), &c))
	return distribution(c, err)
}
