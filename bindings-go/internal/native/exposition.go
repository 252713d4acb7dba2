package native

/*
#include "glue.h"
*/
import "C"

import "unsafe"

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
