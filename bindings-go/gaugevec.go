package tykmetrics

import (
	"github.com/tykmetrics/tykmetrics/bindings-go/internal/native"
)

// GaugeVec is a family of gauges, told apart by the values of their labels.
type GaugeVec struct {
	*MetricVec
	series *series[gauge]
}

// NewGaugeVec makes a family, to be registered; see NewCounter.
func NewGaugeVec(opts GaugeOpts, labelNames []string) *GaugeVec {
	return gaugeVecOf(unlisted(native.Gauge, Opts(opts).options(labelNames)))
}

func gaugeVecOf(f *family) *GaugeVec {
	vec, series := newVec(f, gaugeOf)
	return &GaugeVec{vec, series}
}

// GetMetricWithLabelValues is the series of these values, made if there is none. A wrong number of them is an error.
func (v *GaugeVec) GetMetricWithLabelValues(lvs ...string) (Gauge, error) {
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
func (v *GaugeVec) GetMetricWith(labels Labels) (Gauge, error) {
	var room [8]string
	values, err := v.ordered(labels, room[:])
	if err != nil {
		return nil, err
	}
	return v.GetMetricWithLabelValues(values...)
}

// WithLabelValues is GetMetricWithLabelValues, but panics where that returns an error. A value never is one.
func (v *GaugeVec) WithLabelValues(lvs ...string) Gauge {
	if found := v.series.find(v.MetricVec, lvs); found != nil {
		return found
	}
	return v.series.must(v.MetricVec, lvs)
}

// With is GetMetricWith, but panics where that returns an error.
func (v *GaugeVec) With(labels Labels) Gauge {
	var room [8]string
	return v.WithLabelValues(must(v.ordered(labels, room[:]))...)
}

// CurryWith fixes the values of some labels: the vector it returns has the others to give. Both are the same family.
func (v *GaugeVec) CurryWith(labels Labels) (*GaugeVec, error) {
	vec, err := v.curry(labels)
	if err != nil {
		return nil, err
	}
	return &GaugeVec{vec, v.series}, nil
}

// MustCurryWith is CurryWith, but panics where that returns an error.
func (v *GaugeVec) MustCurryWith(labels Labels) *GaugeVec {
	return must(v.CurryWith(labels))
}
