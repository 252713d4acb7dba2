package tykmetrics

import "github.com/tykmetrics/tykmetrics/bindings-go/internal/native"

// The constructors of a registry: they make and register in one go, return errors, and give the same metric again to
// whoever asks for it under the same name.

// listed is a family of the registry.
func listed(r *Registry, kind uint32, options *native.Options) (*family, error) {
	f := newFamily(r, kind, options)
	return f, f.err
}

// NewCounter is the registry's counter of this name, made if there is none.
func (r *Registry) NewCounter(opts CounterOpts) (Counter, error) {
	f, err := listed(r, native.Counter, Opts(opts).options(nil))
	if err != nil {
		return nil, err
	}
	made, err := newCounter(f, nil)
	if err != nil {
		return nil, err
	}
	r.note(made)
	return made, nil
}

// NewCounterVec is the registry's family of this name, made if there is none.
func (r *Registry) NewCounterVec(opts CounterOpts, labelNames []string) (*CounterVec, error) {
	f, err := listed(r, native.Counter, Opts(opts).options(labelNames))
	if err != nil {
		return nil, err
	}
	made := counterVecOf(f)
	r.note(made)
	return made, nil
}

// MustNewCounter is NewCounter, but panics where that returns an error.
func (r *Registry) MustNewCounter(opts CounterOpts) Counter { return must(r.NewCounter(opts)) }

// MustNewCounterVec is NewCounterVec, but panics where that returns an error.
func (r *Registry) MustNewCounterVec(opts CounterOpts, labelNames []string) *CounterVec {
	return must(r.NewCounterVec(opts, labelNames))
}

// NewGauge is the registry's gauge of this name, made if there is none.
func (r *Registry) NewGauge(opts GaugeOpts) (Gauge, error) {
	f, err := listed(r, native.Gauge, Opts(opts).options(nil))
	if err != nil {
		return nil, err
	}
	made, err := newGauge(f, nil)
	if err != nil {
		return nil, err
	}
	r.note(made)
	return made, nil
}

// NewGaugeVec is the registry's family of this name, made if there is none.
func (r *Registry) NewGaugeVec(opts GaugeOpts, labelNames []string) (*GaugeVec, error) {
	f, err := listed(r, native.Gauge, Opts(opts).options(labelNames))
	if err != nil {
		return nil, err
	}
	made := gaugeVecOf(f)
	r.note(made)
	return made, nil
}

// MustNewGauge is NewGauge, but panics where that returns an error.
func (r *Registry) MustNewGauge(opts GaugeOpts) Gauge { return must(r.NewGauge(opts)) }

// MustNewGaugeVec is NewGaugeVec, but panics where that returns an error.
func (r *Registry) MustNewGaugeVec(opts GaugeOpts, labelNames []string) *GaugeVec {
	return must(r.NewGaugeVec(opts, labelNames))
}

// NewUpDown is the registry's up-down of this name, made if there is none.
func (r *Registry) NewUpDown(opts UpDownOpts) (UpDown, error) {
	f, err := listed(r, native.UpDown, Opts(opts).options(nil))
	if err != nil {
		return nil, err
	}
	made, err := newUpDown(f, nil)
	if err != nil {
		return nil, err
	}
	r.note(made)
	return made, nil
}

// NewUpDownVec is the registry's family of this name, made if there is none.
func (r *Registry) NewUpDownVec(opts UpDownOpts, labelNames []string) (*UpDownVec, error) {
	f, err := listed(r, native.UpDown, Opts(opts).options(labelNames))
	if err != nil {
		return nil, err
	}
	made := upDownVecOf(f)
	r.note(made)
	return made, nil
}

// MustNewUpDown is NewUpDown, but panics where that returns an error.
func (r *Registry) MustNewUpDown(opts UpDownOpts) UpDown { return must(r.NewUpDown(opts)) }

// MustNewUpDownVec is NewUpDownVec, but panics where that returns an error.
func (r *Registry) MustNewUpDownVec(opts UpDownOpts, labelNames []string) *UpDownVec {
	return must(r.NewUpDownVec(opts, labelNames))
}

// NewHistogram is the registry's histogram of this name, made if there is none.
func (r *Registry) NewHistogram(opts HistogramOpts) (Histogram, error) {
	f, err := listed(r, native.Histogram, opts.options(nil))
	if err != nil {
		return nil, err
	}
	made, err := newHistogram(f, nil)
	if err != nil {
		return nil, err
	}
	r.note(made)
	return made, nil
}

// NewHistogramVec is the registry's family of this name, made if there is none.
func (r *Registry) NewHistogramVec(opts HistogramOpts, labelNames []string) (*HistogramVec, error) {
	f, err := listed(r, native.Histogram, opts.options(labelNames))
	if err != nil {
		return nil, err
	}
	made := histogramVecOf(f)
	r.note(made)
	return made, nil
}

// MustNewHistogram is NewHistogram, but panics where that returns an error.
func (r *Registry) MustNewHistogram(opts HistogramOpts) Histogram { return must(r.NewHistogram(opts)) }

// MustNewHistogramVec is NewHistogramVec, but panics where that returns an error.
func (r *Registry) MustNewHistogramVec(opts HistogramOpts, labelNames []string) *HistogramVec {
	return must(r.NewHistogramVec(opts, labelNames))
}

// NewSummary is the registry's summary of this name, made if there is none.
func (r *Registry) NewSummary(opts SummaryOpts) (Summary, error) {
	f, err := listed(r, native.Summary, opts.options(nil))
	if err != nil {
		return nil, err
	}
	made, err := newSummary(f, nil)
	if err != nil {
		return nil, err
	}
	r.note(made)
	return made, nil
}

// NewSummaryVec is the registry's family of this name, made if there is none.
func (r *Registry) NewSummaryVec(opts SummaryOpts, labelNames []string) (*SummaryVec, error) {
	f, err := listed(r, native.Summary, opts.options(labelNames))
	if err != nil {
		return nil, err
	}
	made := summaryVecOf(f)
	r.note(made)
	return made, nil
}

// MustNewSummary is NewSummary, but panics where that returns an error.
func (r *Registry) MustNewSummary(opts SummaryOpts) Summary { return must(r.NewSummary(opts)) }

// MustNewSummaryVec is NewSummaryVec, but panics where that returns an error.
func (r *Registry) MustNewSummaryVec(opts SummaryOpts, labelNames []string) *SummaryVec {
	return must(r.NewSummaryVec(opts, labelNames))
}

// NewInfo is the registry's info of this name, made if there is none.
func (r *Registry) NewInfo(opts InfoOpts) (*Info, error) {
	f, err := listed(r, native.Info, Opts(opts).options(nil))
	if err != nil {
		return nil, err
	}
	made, err := newInfo(f, nil)
	if err != nil {
		return nil, err
	}
	r.note(made)
	return made, nil
}

// NewInfoVec is the registry's family of this name, made if there is none.
func (r *Registry) NewInfoVec(opts InfoOpts, labelNames []string) (*InfoVec, error) {
	f, err := listed(r, native.Info, Opts(opts).options(labelNames))
	if err != nil {
		return nil, err
	}
	made := infoVecOf(f)
	r.note(made)
	return made, nil
}

// MustNewInfo is NewInfo, but panics where that returns an error.
func (r *Registry) MustNewInfo(opts InfoOpts) *Info { return must(r.NewInfo(opts)) }

// MustNewInfoVec is NewInfoVec, but panics where that returns an error.
func (r *Registry) MustNewInfoVec(opts InfoOpts, labelNames []string) *InfoVec {
	return must(r.NewInfoVec(opts, labelNames))
}

// NewStateSet is the registry's state set of this name, made if there is none.
func (r *Registry) NewStateSet(opts StateSetOpts) (*StateSet, error) {
	f, err := listed(r, native.StateSet, opts.options(nil))
	if err != nil {
		return nil, err
	}
	made, err := newStateSet(f, nil)
	if err != nil {
		return nil, err
	}
	r.note(made)
	return made, nil
}

// NewStateSetVec is the registry's family of this name, made if there is none.
func (r *Registry) NewStateSetVec(opts StateSetOpts, labelNames []string) (*StateSetVec, error) {
	f, err := listed(r, native.StateSet, opts.options(labelNames))
	if err != nil {
		return nil, err
	}
	made := stateSetVecOf(f)
	r.note(made)
	return made, nil
}

// MustNewStateSet is NewStateSet, but panics where that returns an error.
func (r *Registry) MustNewStateSet(opts StateSetOpts) *StateSet { return must(r.NewStateSet(opts)) }

// MustNewStateSetVec is NewStateSetVec, but panics where that returns an error.
func (r *Registry) MustNewStateSetVec(opts StateSetOpts, labelNames []string) *StateSetVec {
	return must(r.NewStateSetVec(opts, labelNames))
}
