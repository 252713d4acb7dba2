package tykmetrics

import (
	"github.com/tykmetrics/tykmetrics/bindings-go/internal/native"
)

// UpDownVec is a family of up-downs, told apart by the values of their labels.
type UpDownVec struct {
	*MetricVec
	series *series[upDown]
}

// NewUpDownVec makes a family, to be registered; see NewCounter.
func NewUpDownVec(opts UpDownOpts, labelNames []string) *UpDownVec {
	return upDownVecOf(unlisted(native.UpDown, Opts(opts).options(labelNames)))
}

func upDownVecOf(f *family) *UpDownVec {
	vec, series := newVec(f, upDownOf)
	return &UpDownVec{vec, series}
}

// GetMetricWithLabelValues is the series of these values, made if there is none. A wrong number of them is an error.
func (v *UpDownVec) GetMetricWithLabelValues(lvs ...string) (UpDown, error) {
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
func (v *UpDownVec) GetMetricWith(labels Labels) (UpDown, error) {
	var room [8]string
	values, err := v.ordered(labels, room[:])
	if err != nil {
		return nil, err
	}
	return v.GetMetricWithLabelValues(values...)
}

// WithLabelValues is GetMetricWithLabelValues, but panics where that returns an error. A value never is one.
func (v *UpDownVec) WithLabelValues(lvs ...string) UpDown {
	if found := v.series.find(v.MetricVec, lvs); found != nil {
		return found
	}
	return v.series.must(v.MetricVec, lvs)
}

// With is GetMetricWith, but panics where that returns an error.
func (v *UpDownVec) With(labels Labels) UpDown {
	var room [8]string
	return v.WithLabelValues(must(v.ordered(labels, room[:]))...)
}

// CurryWith fixes the values of some labels: the vector it returns has the others to give. Both are the same family.
func (v *UpDownVec) CurryWith(labels Labels) (*UpDownVec, error) {
	vec, err := v.curry(labels)
	if err != nil {
		return nil, err
	}
	return &UpDownVec{vec, v.series}, nil
}

// MustCurryWith is CurryWith, but panics where that returns an error.
func (v *UpDownVec) MustCurryWith(labels Labels) *UpDownVec {
	return must(v.CurryWith(labels))
}
