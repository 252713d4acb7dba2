package tykmetrics

import (
	"runtime"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tykmetrics/tykmetrics/bindings-go/internal/native"
)

// MetricVec is what the families of all kinds have in common: series told apart by the values of their labels.
type MetricVec struct {
	family  *family
	curried []fixed
	table   forgetting
}

// A label whose value CurryWith has fixed, by its place among the family's.
type fixed struct {
	at    int
	value string
}

// fits says what is wrong with the number of values.
func (v *MetricVec) fits(given []string) error {
	names := v.family.desc.labels
	if len(given)+len(v.curried) == len(names) {
		return nil
	}
	return fail(LabelCount, "metric %q has %d labels to give (%s), and %d values were given",
		v.family.desc.fqName, len(names)-len(v.curried), strings.Join(v.free(), ", "), len(given))
}

// join appends the values with those that CurryWith fixed, in the order of the labels. Their number fits.
func (v *MetricVec) join(to, given []string) []string {
	for _, f := range v.curried {
		n := f.at - len(to)
		to = append(append(to, given[:n]...), f.value)
		given = given[n:]
	}
	return append(to, given...)
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
	return &MetricVec{family: v.family, curried: curried, table: v.table}, nil
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
	if err := v.fits(lvs); err != nil {
		return false, err
	}
	values := v.join(nil, lvs)
	for i, value := range values {
		// As a lookup of them cuts them.
		values[i] = value[:min(len(value), longest+utf8.UTFMax)]
	}
	found, err := native.Remove(v.family.native, values)
	v.table.forget(values)
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
	v.table.sweep()
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
		v.table.sweep()
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
