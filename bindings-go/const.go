package tykmetrics

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"time"
)

// ValueType is the kind of a metric with one number, as NewConstMetric takes it.
type ValueType int

// The kinds of metrics with one number.
const (
	_ ValueType = iota
	CounterValue
	GaugeValue
	UntypedValue
)

func (t ValueType) kind() Kind {
	switch t {
	case CounterValue:
		return KindCounter
	case GaugeValue:
		return KindGauge
	}
	return KindUntyped
}

// taken is a sample as a Metric: one that a Collector made, or a copy of a series.
type taken struct {
	desc   *Desc
	sample Sample
	err    error
}

func (m *taken) Desc() *Desc { return m.desc }

func (m *taken) read() (Sample, error) { return m.sample, m.err }

// NewInvalidMetric is a metric that says err instead of a number.
func NewInvalidMetric(desc *Desc, err error) Metric { return &taken{desc: desc, err: err} }

// made is the metric of a Collector: the sample with the labels that the description and the values say.
func made(desc *Desc, sample Sample, labelValues []string) (Metric, error) {
	if desc.err != nil {
		return nil, desc.err
	}
	if len(labelValues) != len(desc.labels) {
		return nil, fail(LabelCount, "metric %q has %d labels, and %d values were given", desc.fqName, len(desc.labels), len(labelValues))
	}
	for i, value := range labelValues {
		sample.Labels = append(sample.Labels, Label{desc.labels[i], value})
	}
	sample.Labels = append(sample.Labels, labelsOf(desc.constant)...)
	return &taken{desc: desc, sample: sample}, nil
}

// NewConstMetric is a metric with one number, for Collectors.
func NewConstMetric(desc *Desc, valueType ValueType, value float64, labelValues ...string) (Metric, error) {
	return made(desc, Sample{Kind: valueType.kind(), Value: value}, labelValues)
}

// MustNewConstMetric is NewConstMetric, but panics where that returns an error.
func MustNewConstMetric(desc *Desc, valueType ValueType, value float64, labelValues ...string) Metric {
	return must(NewConstMetric(desc, valueType, value, labelValues...))
}

// NewConstHistogram is a histogram with these cumulative counts by upper bound, for Collectors. The bucket of +Inf is
// count, whatever buckets says of it.
func NewConstHistogram(desc *Desc, count uint64, sum float64, buckets map[float64]uint64, labelValues ...string) (Metric, error) {
	sample := Sample{Kind: KindHistogram, Count: count, Sum: sum}
	for _, bound := range slices.SortedFunc(maps.Keys(buckets), cmp.Compare) {
		if !math.IsInf(bound, 1) {
			sample.Buckets = append(sample.Buckets, Bucket{bound, buckets[bound]})
		}
	}
	return made(desc, sample, labelValues)
}

// MustNewConstHistogram is NewConstHistogram, but panics where that returns an error.
func MustNewConstHistogram(desc *Desc, count uint64, sum float64, buckets map[float64]uint64, labelValues ...string) Metric {
	return must(NewConstHistogram(desc, count, sum, buckets, labelValues...))
}

// NewConstSummary is a summary with these values by quantile, for Collectors.
func NewConstSummary(desc *Desc, count uint64, sum float64, quantiles map[float64]float64, labelValues ...string) (Metric, error) {
	sample := Sample{Kind: KindSummary, Count: count, Sum: sum}
	for _, q := range slices.SortedFunc(maps.Keys(quantiles), cmp.Compare) {
		sample.Quantiles = append(sample.Quantiles, Quantile{q, quantiles[q]})
	}
	return made(desc, sample, labelValues)
}

// MustNewConstSummary is NewConstSummary, but panics where that returns an error.
func MustNewConstSummary(desc *Desc, count uint64, sum float64, quantiles map[float64]float64, labelValues ...string) Metric {
	return must(NewConstSummary(desc, count, sum, quantiles, labelValues...))
}

// NewConstMetricWithCreatedTimestamp is NewConstMetric of a counter that began at a moment.
func NewConstMetricWithCreatedTimestamp(desc *Desc, valueType ValueType, value float64, created time.Time, labelValues ...string) (Metric, error) {
	if valueType != CounterValue {
		return nil, fail(InvalidOption, "metric %q is no counter, and only what counts has a start", desc.fqName)
	}
	return made(desc, Sample{Kind: KindCounter, Value: value, Created: created}, labelValues)
}

// MustNewConstMetricWithCreatedTimestamp is NewConstMetricWithCreatedTimestamp, but panics where that returns an error.
func MustNewConstMetricWithCreatedTimestamp(desc *Desc, valueType ValueType, value float64, created time.Time, labelValues ...string) Metric {
	return must(NewConstMetricWithCreatedTimestamp(desc, valueType, value, created, labelValues...))
}

// NewConstHistogramWithCreatedTimestamp is NewConstHistogram of one that began at a moment.
func NewConstHistogramWithCreatedTimestamp(desc *Desc, count uint64, sum float64, buckets map[float64]uint64, created time.Time, labelValues ...string) (Metric, error) {
	return began(created)(NewConstHistogram(desc, count, sum, buckets, labelValues...))
}

// MustNewConstHistogramWithCreatedTimestamp is NewConstHistogramWithCreatedTimestamp, but panics where that returns an error.
func MustNewConstHistogramWithCreatedTimestamp(desc *Desc, count uint64, sum float64, buckets map[float64]uint64, created time.Time, labelValues ...string) Metric {
	return must(NewConstHistogramWithCreatedTimestamp(desc, count, sum, buckets, created, labelValues...))
}

// NewConstSummaryWithCreatedTimestamp is NewConstSummary of one that began at a moment.
func NewConstSummaryWithCreatedTimestamp(desc *Desc, count uint64, sum float64, quantiles map[float64]float64, created time.Time, labelValues ...string) (Metric, error) {
	return began(created)(NewConstSummary(desc, count, sum, quantiles, labelValues...))
}

// MustNewConstSummaryWithCreatedTimestamp is NewConstSummaryWithCreatedTimestamp, but panics where that returns an error.
func MustNewConstSummaryWithCreatedTimestamp(desc *Desc, count uint64, sum float64, quantiles map[float64]float64, created time.Time, labelValues ...string) Metric {
	return must(NewConstSummaryWithCreatedTimestamp(desc, count, sum, quantiles, created, labelValues...))
}

func began(created time.Time) func(Metric, error) (Metric, error) {
	return func(m Metric, err error) (Metric, error) {
		if made, ok := m.(*taken); ok && err == nil {
			made.sample.Created = created
		}
		return m, err
	}
}

// NewMetricWithExemplars is a const metric with examples of what was counted, for Collectors. Exemplars without a moment are
// of now.
func NewMetricWithExemplars(m Metric, exemplars ...Exemplar) (Metric, error) {
	sample, err := m.read()
	if err != nil {
		return nil, err
	}
	if len(exemplars) == 0 {
		return nil, fail(InvalidExemplar, "metric %q was given no exemplar; give one at least", m.Desc().fqName)
	}
	sample.Exemplars = slices.Clone(exemplars)
	for i := range sample.Exemplars {
		if sample.Exemplars[i].At.IsZero() {
			sample.Exemplars[i].At = time.Now()
		}
	}
	return &taken{desc: m.Desc(), sample: sample}, nil
}

// MustNewMetricWithExemplars is NewMetricWithExemplars, but panics where that returns an error.
func MustNewMetricWithExemplars(m Metric, exemplars ...Exemplar) Metric {
	return must(NewMetricWithExemplars(m, exemplars...))
}
