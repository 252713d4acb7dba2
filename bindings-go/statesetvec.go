package tykmetrics

import (
	"github.com/tykmetrics/tykmetrics/bindings-go/internal/native"
)

// StateSetVec is a family of state sets, told apart by the values of their labels.
type StateSetVec struct {
	*MetricVec
	series *series[StateSet]
}

// NewStateSetVec makes a family, to be registered; see NewCounter.
func NewStateSetVec(opts StateSetOpts, labelNames []string) *StateSetVec {
	return stateSetVecOf(unlisted(native.StateSet, opts.options(labelNames)))
}

func stateSetVecOf(f *family) *StateSetVec {
	vec, series := newVec(f, stateSetOf)
	return &StateSetVec{vec, series}
}

// GetMetricWithLabelValues is the series of these values, made if there is none. A wrong number of them is an error.
func (v *StateSetVec) GetMetricWithLabelValues(lvs ...string) (*StateSet, error) {
	if found := v.series.find(v.MetricVec, lvs); found != nil {
		return found, nil
	}
	made, err := v.series.miss(v.MetricVec, lvs)
	if err != nil {
		return nil, err
	}
	return made, nil
}

// GetMetricWith is the series of these labels, made if there is none. Other names than the family's are an error.
func (v *StateSetVec) GetMetricWith(labels Labels) (*StateSet, error) {
	var room [8]string
	values, err := v.ordered(labels, room[:])
	if err != nil {
		return nil, err
	}
	return v.GetMetricWithLabelValues(values...)
}

// WithLabelValues is GetMetricWithLabelValues, but panics where that returns an error. A value never is one.
func (v *StateSetVec) WithLabelValues(lvs ...string) *StateSet {
	if found := v.series.find(v.MetricVec, lvs); found != nil {
		return found
	}
	return v.series.must(v.MetricVec, lvs)
}

// With is GetMetricWith, but panics where that returns an error.
func (v *StateSetVec) With(labels Labels) *StateSet {
	var room [8]string
	return v.WithLabelValues(must(v.ordered(labels, room[:]))...)
}

// CurryWith fixes the values of some labels: the vector it returns has the others to give. Both are the same family.
func (v *StateSetVec) CurryWith(labels Labels) (*StateSetVec, error) {
	vec, err := v.curry(labels)
	if err != nil {
		return nil, err
	}
	return &StateSetVec{vec, v.series}, nil
}

// MustCurryWith is CurryWith, but panics where that returns an error.
func (v *StateSetVec) MustCurryWith(labels Labels) *StateSetVec {
	return must(v.CurryWith(labels))
}
