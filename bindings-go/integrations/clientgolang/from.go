package tykprom

import (
	"errors"
	"math"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tykmetrics/tykmetrics/bindings-go"
)

// From is a prometheus.Gatherer as a tykmetrics.Collector.
type From struct {
	gatherer prometheus.Gatherer
	failed   func(error)
}

var _ tykmetrics.YieldingCollector = (*From)(nil)

// FromGatherer shows what gatherer has beside the metrics of whatever registry of
// ours the result is registered with. A family of a name that the registry has
// itself is left out: both default registries have the Go runtime's and the
// process's numbers, for example.
func FromGatherer(gatherer prometheus.Gatherer) *From { return &From{gatherer: gatherer} }

// OnError has failed called with what goes wrong at a scrape; what went right is
// shown all the same.
func (f *From) OnError(failed func(error)) *From {
	f.failed = failed
	return f
}

// Yields says that what the registry has itself is shown in the stead of what
// the gatherer has under the same name.
func (*From) Yields() bool { return true }

// Describe says nothing: metrics may come later.
func (*From) Describe(chan<- *tykmetrics.Desc) {}

// Collect sends every series.
func (f *From) Collect(out chan<- tykmetrics.Metric) {
	families, err := f.gatherer.Gather()
	errs := []error{err}
	for _, family := range families {
		for _, series := range family.Metric {
			metric, err := converted(family, series)
			if err != nil {
				errs = append(errs, err)
				continue
			}
			out <- metric
		}
	}
	if err := errors.Join(errs...); err != nil && f.failed != nil {
		f.failed(err)
	}
}

func converted(family *dto.MetricFamily, series *dto.Metric) (tykmetrics.Metric, error) {
	names := make([]string, len(series.Label))
	values := make([]string, len(series.Label))
	for i, label := range series.Label {
		names[i], values[i] = label.GetName(), label.GetValue()
	}
	desc := tykmetrics.NewDesc(family.GetName(), family.GetHelp(), names, nil)
	switch {
	case series.Counter != nil:
		c := series.Counter
		metric, err := tykmetrics.NewConstMetricWithCreatedTimestamp(desc, tykmetrics.CounterValue, c.GetValue(),
			moment(c.CreatedTimestamp), values...)
		return exampled(metric, err, c.Exemplar)
	case series.Gauge != nil:
		return tykmetrics.NewConstMetric(desc, tykmetrics.GaugeValue, series.Gauge.GetValue(), values...)
	case series.Summary != nil:
		s := series.Summary
		quantiles := make(map[float64]float64, len(s.Quantile))
		for _, q := range s.Quantile {
			quantiles[q.GetQuantile()] = q.GetValue()
		}
		return tykmetrics.NewConstSummaryWithCreatedTimestamp(desc, s.GetSampleCount(), s.GetSampleSum(), quantiles,
			moment(s.CreatedTimestamp), values...)
	case series.Histogram != nil:
		h := series.Histogram
		buckets := make(map[float64]uint64, len(h.Bucket))
		exemplars := slices.Clone(h.Exemplars)
		for _, b := range h.Bucket {
			if b.Exemplar != nil {
				exemplars = append(exemplars, b.Exemplar)
			}
			// The bucket of +Inf is the count.
			if !math.IsInf(b.GetUpperBound(), 1) {
				buckets[b.GetUpperBound()] = b.GetCumulativeCount()
			}
		}
		metric, err := tykmetrics.NewConstHistogramWithCreatedTimestamp(desc, h.GetSampleCount(), h.GetSampleSum(), buckets,
			moment(h.CreatedTimestamp), values...)
		return exampled(metric, err, exemplars...)
	default:
		return tykmetrics.NewConstMetric(desc, tykmetrics.UntypedValue, series.GetUntyped().GetValue(), values...)
	}
}

// moment is zero for a timestamp that is not there.
func moment(at *timestamppb.Timestamp) time.Time {
	if at == nil {
		return time.Time{}
	}
	return at.AsTime()
}

func exampled(metric tykmetrics.Metric, err error, exemplars ...*dto.Exemplar) (tykmetrics.Metric, error) {
	var all []tykmetrics.Exemplar
	for _, e := range exemplars {
		if e != nil {
			one := tykmetrics.Exemplar{Value: e.GetValue(), At: moment(e.Timestamp)}
			for _, label := range e.Label {
				one.Labels = append(one.Labels, tykmetrics.Label{Name: label.GetName(), Value: label.GetValue()})
			}
			all = append(all, one)
		}
	}
	if err != nil || all == nil {
		return metric, err
	}
	return tykmetrics.NewMetricWithExemplars(metric, all...)
}
