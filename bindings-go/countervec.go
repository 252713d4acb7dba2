package tykmetrics

import (
	"github.com/tykmetrics/tykmetrics/bindings-go/internal/native"
)

// CounterVec is a family of counters, told apart by the values of their labels.
type CounterVec struct {
	*MetricVec
	series *series[counter]
}

// NewCounterVec makes a family, to be registered; see NewCounter.
func NewCounterVec(opts CounterOpts, labelNames []string) *CounterVec {
	return counterVecOf(unlisted(native.Counter, Opts(opts).options(labelNames)))
}

func counterVecOf(f *family) *CounterVec {
	vec, series := newVec(f, counterOf)
	return &CounterVec{vec, series}
}

// GetMetricWithLabelValues is the series of these values, made if there is none. A wrong number of them is an error.
func (v *CounterVec) GetMetricWithLabelValues(lvs ...string) (Counter, error) {
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
func (v *CounterVec) GetMetricWith(labels Labels) (Counter, error) {
	var room [8]string
	values, err := v.ordered(labels, room[:])
	if err != nil {
		return nil, err
	}
	return v.GetMetricWithLabelValues(values...)
}

// WithLabelValues is GetMetricWithLabelValues, but panics where that returns an error. A value never is one.
func (v *CounterVec) WithLabelValues(lvs ...string) Counter {
	if found := v.series.find(v.MetricVec, lvs); found != nil {
		return found
	}
	return v.series.must(v.MetricVec, lvs)
}

// With is GetMetricWith, but panics where that returns an error.
func (v *CounterVec) With(labels Labels) Counter {
	var room [8]string
	return v.WithLabelValues(must(v.ordered(labels, room[:]))...)
}

// CurryWith fixes the values of some labels: the vector it returns has the others to give. Both are the same family.
func (v *CounterVec) CurryWith(labels Labels) (*CounterVec, error) {
	vec, err := v.curry(labels)
	if err != nil {
		return nil, err
	}
	return &CounterVec{vec, v.series}, nil
}

// MustCurryWith is CurryWith, but panics where that returns an error.
func (v *CounterVec) MustCurryWith(labels Labels) *CounterVec {
	return must(v.CurryWith(labels))
}
