package tykmetrics

import (
	"github.com/tykmetrics/tykmetrics/bindings-go/internal/native"
)

// HistogramVec is a family of histograms, told apart by the values of their labels.
type HistogramVec struct {
	*MetricVec
	series *series[histogram]
}

// NewHistogramVec makes a family, to be registered; see NewCounter.
func NewHistogramVec(opts HistogramOpts, labelNames []string) *HistogramVec {
	return histogramVecOf(unlisted(native.Histogram, opts.options(labelNames)))
}

func histogramVecOf(f *family) *HistogramVec {
	vec, series := newVec(f, histogramOf)
	return &HistogramVec{vec, series}
}

// GetMetricWithLabelValues is the series of these values, made if there is none. A wrong number of them is an error.
func (v *HistogramVec) GetMetricWithLabelValues(lvs ...string) (Observer, error) {
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
func (v *HistogramVec) GetMetricWith(labels Labels) (Observer, error) {
	var room [8]string
	values, err := v.ordered(labels, room[:])
	if err != nil {
		return nil, err
	}
	return v.GetMetricWithLabelValues(values...)
}

// WithLabelValues is GetMetricWithLabelValues, but panics where that returns an error. A value never is one.
func (v *HistogramVec) WithLabelValues(lvs ...string) Observer {
	if found := v.series.find(v.MetricVec, lvs); found != nil {
		return found
	}
	return v.series.must(v.MetricVec, lvs)
}

// With is GetMetricWith, but panics where that returns an error.
func (v *HistogramVec) With(labels Labels) Observer {
	var room [8]string
	return v.WithLabelValues(must(v.ordered(labels, room[:]))...)
}

// CurryWith fixes the values of some labels: the vector it returns has the others to give. Both are the same family.
func (v *HistogramVec) CurryWith(labels Labels) (ObserverVec, error) {
	vec, err := v.curry(labels)
	if err != nil {
		return nil, err
	}
	return &HistogramVec{vec, v.series}, nil
}

// MustCurryWith is CurryWith, but panics where that returns an error.
func (v *HistogramVec) MustCurryWith(labels Labels) ObserverVec {
	return must(v.CurryWith(labels))
}
