package tykmetrics

import (
	"github.com/tykmetrics/tykmetrics/bindings-go/internal/native"
)

// InfoVec is a family of infos, told apart by the values of their labels.
type InfoVec struct {
	*MetricVec
	series *series[Info]
}

// NewInfoVec makes a family, to be registered; see NewCounter.
func NewInfoVec(opts InfoOpts, labelNames []string) *InfoVec {
	return infoVecOf(unlisted(native.Info, Opts(opts).options(labelNames)))
}

func infoVecOf(f *family) *InfoVec {
	vec, series := newVec(f, infoOf)
	return &InfoVec{vec, series}
}

// GetMetricWithLabelValues is the series of these values, made if there is none. A wrong number of them is an error.
func (v *InfoVec) GetMetricWithLabelValues(lvs ...string) (*Info, error) {
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
func (v *InfoVec) GetMetricWith(labels Labels) (*Info, error) {
	var room [8]string
	values, err := v.ordered(labels, room[:])
	if err != nil {
		return nil, err
	}
	return v.GetMetricWithLabelValues(values...)
}

// WithLabelValues is GetMetricWithLabelValues, but panics where that returns an error. A value never is one.
func (v *InfoVec) WithLabelValues(lvs ...string) *Info {
	if found := v.series.find(v.MetricVec, lvs); found != nil {
		return found
	}
	return v.series.must(v.MetricVec, lvs)
}

// With is GetMetricWith, but panics where that returns an error.
func (v *InfoVec) With(labels Labels) *Info {
	var room [8]string
	return v.WithLabelValues(must(v.ordered(labels, room[:]))...)
}

// CurryWith fixes the values of some labels: the vector it returns has the others to give. Both are the same family.
func (v *InfoVec) CurryWith(labels Labels) (*InfoVec, error) {
	vec, err := v.curry(labels)
	if err != nil {
		return nil, err
	}
	return &InfoVec{vec, v.series}, nil
}

// MustCurryWith is CurryWith, but panics where that returns an error.
func (v *InfoVec) MustCurryWith(labels Labels) *InfoVec {
	return must(v.CurryWith(labels))
}
