// Package promauto makes metrics that are registered at once, with the names of
// client_golang's promauto.
//
// The functions of the package use tykmetrics.DefaultRegisterer, those of a
// [Factory] the registry given to [With]. All of them panic if the registry
// refuses the metric, as fits variables of a package; where an error is wanted, a
// registry's own constructors return one.
package promauto

import "github.com/tykmetrics/tykmetrics/bindings-go"

// Factory makes metrics and registers them.
type Factory struct {
	r tykmetrics.Registerer
}

// With makes a Factory that registers with r, or not at all if r is nil.
func With(r tykmetrics.Registerer) Factory { return Factory{r} }

func (f Factory) register(c tykmetrics.Collector) {
	if f.r != nil {
		f.r.MustRegister(c)
	}
}

func byDefault() Factory { return With(tykmetrics.DefaultRegisterer) }

// NewCounter makes a counter in the default registry.
func NewCounter(opts tykmetrics.CounterOpts) tykmetrics.Counter {
	return byDefault().NewCounter(opts)
}

// NewCounter makes a counter in the factory's registry.
func (f Factory) NewCounter(opts tykmetrics.CounterOpts) tykmetrics.Counter {
	made := tykmetrics.NewCounter(opts)
	f.register(made)
	return made
}

// NewCounterVec makes a counter with labels in the default registry.
func NewCounterVec(opts tykmetrics.CounterOpts, labelNames []string) *tykmetrics.CounterVec {
	return byDefault().NewCounterVec(opts, labelNames)
}

// NewCounterVec makes a counter with labels in the factory's registry.
func (f Factory) NewCounterVec(opts tykmetrics.CounterOpts, labelNames []string) *tykmetrics.CounterVec {
	made := tykmetrics.NewCounterVec(opts, labelNames)
	f.register(made)
	return made
}

// NewCounterFunc makes a counter whose value is function's in the default registry.
func NewCounterFunc(opts tykmetrics.CounterOpts, function func() float64) tykmetrics.CounterFunc {
	return byDefault().NewCounterFunc(opts, function)
}

// NewCounterFunc makes a counter whose value is function's in the factory's registry.
func (f Factory) NewCounterFunc(opts tykmetrics.CounterOpts, function func() float64) tykmetrics.CounterFunc {
	made := tykmetrics.NewCounterFunc(opts, function)
	f.register(made)
	return made
}

// NewGauge makes a gauge in the default registry.
func NewGauge(opts tykmetrics.GaugeOpts) tykmetrics.Gauge {
	return byDefault().NewGauge(opts)
}

// NewGauge makes a gauge in the factory's registry.
func (f Factory) NewGauge(opts tykmetrics.GaugeOpts) tykmetrics.Gauge {
	made := tykmetrics.NewGauge(opts)
	f.register(made)
	return made
}

// NewGaugeVec makes a gauge with labels in the default registry.
func NewGaugeVec(opts tykmetrics.GaugeOpts, labelNames []string) *tykmetrics.GaugeVec {
	return byDefault().NewGaugeVec(opts, labelNames)
}

// NewGaugeVec makes a gauge with labels in the factory's registry.
func (f Factory) NewGaugeVec(opts tykmetrics.GaugeOpts, labelNames []string) *tykmetrics.GaugeVec {
	made := tykmetrics.NewGaugeVec(opts, labelNames)
	f.register(made)
	return made
}

// NewGaugeFunc makes a gauge whose value is function's in the default registry.
func NewGaugeFunc(opts tykmetrics.GaugeOpts, function func() float64) tykmetrics.GaugeFunc {
	return byDefault().NewGaugeFunc(opts, function)
}

// NewGaugeFunc makes a gauge whose value is function's in the factory's registry.
func (f Factory) NewGaugeFunc(opts tykmetrics.GaugeOpts, function func() float64) tykmetrics.GaugeFunc {
	made := tykmetrics.NewGaugeFunc(opts, function)
	f.register(made)
	return made
}

// NewHistogram makes a histogram in the default registry.
func NewHistogram(opts tykmetrics.HistogramOpts) tykmetrics.Histogram {
	return byDefault().NewHistogram(opts)
}

// NewHistogram makes a histogram in the factory's registry.
func (f Factory) NewHistogram(opts tykmetrics.HistogramOpts) tykmetrics.Histogram {
	made := tykmetrics.NewHistogram(opts)
	f.register(made)
	return made
}

// NewHistogramVec makes a histogram with labels in the default registry.
func NewHistogramVec(opts tykmetrics.HistogramOpts, labelNames []string) *tykmetrics.HistogramVec {
	return byDefault().NewHistogramVec(opts, labelNames)
}

// NewHistogramVec makes a histogram with labels in the factory's registry.
func (f Factory) NewHistogramVec(opts tykmetrics.HistogramOpts, labelNames []string) *tykmetrics.HistogramVec {
	made := tykmetrics.NewHistogramVec(opts, labelNames)
	f.register(made)
	return made
}

// NewSummary makes a summary in the default registry.
func NewSummary(opts tykmetrics.SummaryOpts) tykmetrics.Summary {
	return byDefault().NewSummary(opts)
}

// NewSummary makes a summary in the factory's registry.
func (f Factory) NewSummary(opts tykmetrics.SummaryOpts) tykmetrics.Summary {
	made := tykmetrics.NewSummary(opts)
	f.register(made)
	return made
}

// NewSummaryVec makes a summary with labels in the default registry.
func NewSummaryVec(opts tykmetrics.SummaryOpts, labelNames []string) *tykmetrics.SummaryVec {
	return byDefault().NewSummaryVec(opts, labelNames)
}

// NewSummaryVec makes a summary with labels in the factory's registry.
func (f Factory) NewSummaryVec(opts tykmetrics.SummaryOpts, labelNames []string) *tykmetrics.SummaryVec {
	made := tykmetrics.NewSummaryVec(opts, labelNames)
	f.register(made)
	return made
}

// NewUntypedFunc makes an untyped metric whose value is function's in the default registry.
func NewUntypedFunc(opts tykmetrics.UntypedOpts, function func() float64) tykmetrics.UntypedFunc {
	return byDefault().NewUntypedFunc(opts, function)
}

// NewUntypedFunc makes an untyped metric whose value is function's in the factory's registry.
func (f Factory) NewUntypedFunc(opts tykmetrics.UntypedOpts, function func() float64) tykmetrics.UntypedFunc {
	made := tykmetrics.NewUntypedFunc(opts, function)
	f.register(made)
	return made
}
