package nethttp

import "github.com/tykmetrics/tykmetrics/bindings-go"

// newFamilies makes or finds the metrics that have labels. what is the plural of
// the things that are counted.
func newFamilies(o *options, what string) (*families, error) {
	f := &families{methods: knownMethods(o.methods), exemplar: o.exemplar}
	known := make(map[string]*route)
	f.known.Store(&known)

	endpoint := []string{o.labels.Method, o.labels.Route}
	answered := []string{o.labels.Method, o.labels.Route, o.labels.Status}
	var failed error
	counter := func(into **tykmetrics.CounterVec, name, help string, labels []string) {
		if failed != nil || name == Off {
			return
		}
		*into, failed = tykmetrics.RegisterOr(o.registry, tykmetrics.NewCounterVec(tykmetrics.CounterOpts{
			Namespace: o.namespace, Name: name, Help: help, ConstLabels: o.constLabels,
		}, labels))
	}
	histogram := func(into **tykmetrics.HistogramVec, name, help string, buckets []float64) {
		if failed != nil || name == Off {
			return
		}
		*into, failed = tykmetrics.RegisterOr(o.registry, tykmetrics.NewHistogramVec(tykmetrics.HistogramOpts{
			Namespace: o.namespace, Name: name, Help: help, ConstLabels: o.constLabels, Buckets: buckets,
		}, endpoint))
	}
	counter(&f.requests, o.names.Requests, "Finished "+what+".", answered)
	counter(&f.aborted, o.names.Aborted, "Finished "+what+" that were given up by whoever sent them.", endpoint)
	histogram(&f.duration, o.names.Duration, "Seconds that "+what+" took.", o.buckets)
	histogram(&f.requestSize, o.names.RequestSize, "Bytes in the bodies of "+what+".", o.sizeBuckets)
	histogram(&f.responseSize, o.names.ResponseSize, "Bytes in the bodies of what answered "+what+".", o.sizeBuckets)
	if failed != nil {
		return nil, failed
	}
	f.keepsTotals = f.requests == nil || !f.requests.Expires()
	f.keepsObservers = true
	for _, vec := range []*tykmetrics.HistogramVec{f.duration, f.requestSize, f.responseSize} {
		if vec != nil && vec.Expires() {
			f.keepsObservers = false
		}
	}
	return f, nil
}

// newInFlight makes or finds the gauge without labels, or gives nil if it is off.
func newInFlight(o *options, help string) (tykmetrics.UpDown, error) {
	if o.names.InFlight == Off {
		return nil, nil
	}
	return tykmetrics.RegisterOr(o.registry, tykmetrics.NewUpDown(tykmetrics.UpDownOpts{
		Namespace: o.namespace, Name: o.names.InFlight, Help: help, ConstLabels: o.constLabels,
	}))
}
