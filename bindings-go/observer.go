package tykmetrics

// Observer takes values: a Histogram, a Summary, or a function.
type Observer interface {
	// Observe counts a value.
	Observe(v float64)
}

// ObserverFunc is a function as an Observer. With it a Timer sets a gauge:
//
//	timer := tykmetrics.NewTimer(tykmetrics.ObserverFunc(gauge.Set))
type ObserverFunc func(float64)

// Observe calls the function.
func (f ObserverFunc) Observe(v float64) { f(v) }

// ObserverVec is what HistogramVec and SummaryVec have in common.
type ObserverVec interface {
	GetMetricWith(Labels) (Observer, error)
	GetMetricWithLabelValues(lvs ...string) (Observer, error)
	With(Labels) Observer
	WithLabelValues(...string) Observer
	CurryWith(Labels) (ObserverVec, error)
	MustCurryWith(Labels) ObserverVec

	Collector
}

// ExemplarObserver is what every Histogram is beside.
type ExemplarObserver interface {
	// ObserveWithExemplar counts v and keeps the labels as an example of what is in its bucket. An exemplar that is not
	// valid is left out; the value is counted all the same. nil leaves the exemplar as it is.
	ObserveWithExemplar(v float64, exemplar Labels)
	// ObserveExemplar is ObserveWithExemplar with labels in an order, and says what is wrong with the exemplar.
	ObserveExemplar(v float64, exemplar ...Label) error
}
