package tykmetrics

import (
	"runtime"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/tykmetrics/tykmetrics/bindings-go/internal/cell"
	"github.com/tykmetrics/tykmetrics/bindings-go/internal/lookup"
	"github.com/tykmetrics/tykmetrics/bindings-go/internal/native"
)

// MetricVec is what the families of all kinds have in common: series told apart by the values of their labels.
type MetricVec struct {
	family  *family
	curried []fixed
	sweep   func()
}

// A label whose value CurryWith has fixed, by its place among the family's.
type fixed struct {
	at    int
	value string
}

// series finds the T of label values: in the table, or through C.
type series[T any] struct {
	found lookup.Table[T]
	make  func(*family, []string) (*T, error)
	head  func(*T) *cell.Series

	mu       sync.Mutex
	overflow *T // what all label sets beyond the limit share
}

func newVec[T any](f *family, make func(*family, []string) (*T, error), head func(*T) *cell.Series) (*MetricVec, *series[T]) {
	s := &series[T]{make: make, head: head}
	s.found.Init(len(f.desc.labels), f.expires)
	return &MetricVec{family: f, sweep: s.found.Sweep}, s
}

// miss asks C, after filling in what CurryWith fixed.
//
//go:noinline
func (s *series[T]) miss(v *MetricVec, given []string) (*T, error) {
	if v.family.err != nil {
		return nil, v.family.err
	}
	values, err := v.full(given)
	if err != nil {
		return nil, err
	}
	if v.curried != nil {
		if made := s.found.Find(values); made != nil {
			return made, nil
		}
	}
	made, err := s.make(v.family, values)
	if err != nil {
		return nil, err
	}
	head := s.head(made)
	if head.Is(cell.Overflow) {
		// One object for all of them: what is beyond the limit costs no memory here either.
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.overflow == nil || s.head(s.overflow).Shared != head.Shared {
			s.overflow = made
		}
		return s.overflow, nil
	}
	// Values that are no UTF-8 are not remembered: C makes any number of them one series, which memory would not bound.
	if !slices.ContainsFunc(values, func(value string) bool { return !utf8.ValidString(value) }) {
		s.found.Put(values, made, head.State)
	}
	return made, nil
}

// must is miss, but panics where that returns an error. Invalid options are no reason: Register tells of them.
//
//go:noinline
func (s *series[T]) must(v *MetricVec, given []string) *T {
	made, err := s.miss(v, given)
	if err == nil {
		return made
	}
	if v.family.err == nil || len(given)+len(v.curried) != len(v.family.desc.labels) {
		panic(err.Error())
	}
	nothing, _ := s.make(v.family, nil)
	return nothing
}

// full is a copy of the values with those that CurryWith fixed.
func (v *MetricVec) full(given []string) ([]string, error) {
	names := v.family.desc.labels
	if len(given)+len(v.curried) != len(names) {
		return nil, fail(LabelCount, "metric %q has %d labels to give (%s), and %d values were given",
			v.family.desc.fqName, len(names)-len(v.curried), strings.Join(v.free(), ", "), len(given))
	}
	values := make([]string, 0, len(names))
	curried := v.curried
	for i := range names {
		if len(curried) > 0 && curried[0].at == i {
			values = append(values, curried[0].value)
			curried = curried[1:]
			continue
		}
		values = append(values, strings.Clone(given[0]))
		given = given[1:]
	}
	return values, nil
}

// free are the names of the labels that CurryWith has not fixed.
func (v *MetricVec) free() []string {
	if v.curried == nil {
		return v.family.desc.labels
	}
	var names []string
	for i, name := range v.family.desc.labels {
		if !slices.ContainsFunc(v.curried, func(f fixed) bool { return f.at == i }) {
			names = append(names, name)
		}
	}
	return names
}

// ordered puts the values of labels in the order of the names, in the room given if that suffices.
func (v *MetricVec) ordered(labels Labels, room []string) ([]string, error) {
	names := v.family.desc.labels
	if v.curried != nil {
		names = v.free()
	}
	if len(labels) == len(names) {
		values := room[:0]
		for _, name := range names {
			value, ok := labels[name]
			if !ok {
				break
			}
			values = append(values, value)
		}
		if len(values) == len(names) {
			return values, nil
		}
	}
	return nil, v.mismatch(labels)
}

//go:noinline
func (v *MetricVec) mismatch(labels Labels) error {
	var given []string
	for name := range labels {
		given = append(given, strings.Clone(name))
	}
	slices.Sort(given)
	return fail(LabelCount, "metric %q has the labels (%s) to give, and values were given for (%s)",
		v.family.desc.fqName, strings.Join(v.free(), ", "), strings.Join(given, ", "))
}

// CurryWith fixes the values of some labels: the vector it returns has the others to give. Both are the same family.
func (v *MetricVec) curry(labels Labels) (*MetricVec, error) {
	if v.family.err != nil {
		return nil, v.family.err
	}
	curried := slices.Clone(v.curried)
	for name, value := range labels {
		at := slices.Index(v.family.desc.labels, name)
		if at < 0 {
			return nil, fail(NotFound, "metric %q has no label %q to fix: it has (%s)", v.family.desc.fqName, name, strings.Join(v.free(), ", "))
		}
		if slices.ContainsFunc(curried, func(f fixed) bool { return f.at == at }) {
			return nil, fail(InvalidLabel, "label %q of metric %q is fixed already", name, v.family.desc.fqName)
		}
		curried = append(curried, fixed{at, strings.Clone(value)})
	}
	slices.SortFunc(curried, func(a, b fixed) int { return a.at - b.at })
	return &MetricVec{family: v.family, curried: curried, sweep: v.sweep}, nil
}

// DeleteLabelValues removes the series of these values, and says whether there was one. A wrong number of values is none.
func (v *MetricVec) DeleteLabelValues(lvs ...string) bool {
	found, _ := v.Remove(lvs...)
	return found
}

// Remove is DeleteLabelValues, and says what is wrong with the values.
func (v *MetricVec) Remove(lvs ...string) (bool, error) {
	if v.family.err != nil {
		return false, v.family.err
	}
	values, err := v.full(lvs)
	if err != nil {
		return false, err
	}
	found, err := native.Remove(v.family.native, values)
	v.sweep()
	runtime.KeepAlive(v.family)
	return found, failure(err)
}

// Delete removes the series of these labels, and says whether there was one.
func (v *MetricVec) Delete(labels Labels) bool {
	values, err := v.ordered(labels, nil)
	return err == nil && v.DeleteLabelValues(values...)
}

// DeletePartialMatch removes all series that have these labels among theirs, and says how many.
func (v *MetricVec) DeletePartialMatch(labels Labels) int {
	if v.family.err != nil {
		return 0
	}
	wanted := pairs(nil, labels)
	for _, f := range v.curried {
		wanted = append(wanted, v.family.desc.labels[f.at], f.value)
	}
	n, err := native.RemoveMatching(v.family.native, wanted)
	v.sweep()
	runtime.KeepAlive(v.family)
	if err != nil {
		return 0
	}
	return int(n)
}

// Reset removes all series.
func (v *MetricVec) Reset() {
	if v.family.err == nil {
		_ = native.ClearFamily(v.family.native)
		v.sweep()
		runtime.KeepAlive(v.family)
	}
}

// Len is how many series there are.
func (v *MetricVec) Len() int {
	if v.family.err != nil {
		return 0
	}
	n, _ := native.FamilyLen(v.family.native)
	runtime.KeepAlive(v.family)
	return int(n)
}

// Describe sends the family's description.
func (v *MetricVec) Describe(to chan<- *Desc) { to <- v.family.desc }

// Collect sends what all series hold now.
func (v *MetricVec) Collect(to chan<- Metric) {
	samples, err := v.family.samples()
	if err != nil {
		to <- NewInvalidMetric(v.family.desc, err)
		return
	}
	for _, sample := range samples {
		to <- &taken{v.family.desc, sample, nil}
	}
}

func (v *MetricVec) base() *family { return v.family }
