package tykmetrics

// UnconstrainedLabels are the names of labels that may have any value, for the functions of V2.
type UnconstrainedLabels []string

// CounterVecOpts are the options of V2.NewCounterVec.
type CounterVecOpts struct {
	CounterOpts
	VariableLabels UnconstrainedLabels
}

// GaugeVecOpts are the options of V2.NewGaugeVec.
type GaugeVecOpts struct {
	GaugeOpts
	VariableLabels UnconstrainedLabels
}

// HistogramVecOpts are the options of V2.NewHistogramVec.
type HistogramVecOpts struct {
	HistogramOpts
	VariableLabels UnconstrainedLabels
}

// SummaryVecOpts are the options of V2.NewSummaryVec.
type SummaryVecOpts struct {
	SummaryOpts
	VariableLabels UnconstrainedLabels
}

// V2 has client_golang's second set of constructors. Labels with constraints are absent: what bounds label values here is
// Limit.
var V2 v2

type v2 struct{}

// NewCounterVec is NewCounterVec with the labels among the options.
func (v2) NewCounterVec(opts CounterVecOpts) *CounterVec {
	return NewCounterVec(opts.CounterOpts, opts.VariableLabels)
}

// NewGaugeVec is NewGaugeVec with the labels among the options.
func (v2) NewGaugeVec(opts GaugeVecOpts) *GaugeVec {
	return NewGaugeVec(opts.GaugeOpts, opts.VariableLabels)
}

// NewHistogramVec is NewHistogramVec with the labels among the options.
func (v2) NewHistogramVec(opts HistogramVecOpts) *HistogramVec {
	return NewHistogramVec(opts.HistogramOpts, opts.VariableLabels)
}

// NewSummaryVec is NewSummaryVec with the labels among the options.
func (v2) NewSummaryVec(opts SummaryVecOpts) *SummaryVec {
	return NewSummaryVec(opts.SummaryOpts, opts.VariableLabels)
}

// NewDesc is NewDesc.
func (v2) NewDesc(fqName, help string, variableLabels UnconstrainedLabels, constLabels Labels) *Desc {
	return NewDesc(fqName, help, variableLabels, constLabels)
}
