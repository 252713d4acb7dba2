package tykprom

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/tykmetrics/tykmetrics/bindings-go"
)

// From is a prometheus.Gatherer as a tykmetrics.Collector.
type From struct {
	gatherer prometheus.Gatherer
	failed   func(error)
}

var _ tykmetrics.Collector = (*From)(nil)

// FromGatherer shows what gatherer has beside the metrics of whatever registry of
// ours the result is registered with. A family of a name that the registry has
// itself is left out.
func FromGatherer(gatherer prometheus.Gatherer) *From { return &From{gatherer: gatherer} }

// OnError has failed called with what goes wrong at a scrape; what went right is
// shown all the same.
func (f *From) OnError(failed func(error)) *From {
	f.failed = failed
	return f
}

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
		return tykmetrics.NewConstMetric(desc, tykmetrics.CounterValue, series.Counter.GetValue(), values...)
	case series.Gauge != nil:
		return tykmetrics.NewConstMetric(desc, tykmetrics.GaugeValue, series.Gauge.GetValue(), values...)
	case series.Summary != nil:
		quantiles := make(map[float64]float64, len(series.Summary.Quantile))
		for _, q := range series.Summary.Quantile {
			quantiles[q.GetQuantile()] = q.GetValue()
		}
		return tykmetrics.NewConstSummary(desc, series.Summary.GetSampleCount(), series.Summary.GetSampleSum(),
			quantiles, values...)
	case series.Histogram != nil:
		h := series.Histogram
		buckets := make(map[float64]uint64, len(h.Bucket))
		for _, b := range h.Bucket {
			buckets[b.GetUpperBound()] = b.GetCumulativeCount()
		}
		return tykmetrics.NewConstHistogram(desc, h.GetSampleCount(), h.GetSampleSum(), buckets, values...)
	default:
		return tykmetrics.NewConstMetric(desc, tykmetrics.UntypedValue, series.GetUntyped().GetValue(), values...)
	}
}
