package tykmetrics

import "time"

// Timer measures how long something takes:
//
//	timer := tykmetrics.NewTimer(histogram)
//	defer timer.ObserveDuration()
type Timer struct {
	begin    time.Time
	observer Observer
}

// NewTimer starts a timer. The observer may be nil: then the timer only measures.
func NewTimer(o Observer) *Timer { return &Timer{begin: time.Now(), observer: o} }

// ObserveDuration observes the seconds since NewTimer, and returns them as a duration.
func (t *Timer) ObserveDuration() time.Duration {
	d := time.Since(t.begin)
	if t.observer != nil {
		t.observer.Observe(seconds(d))
	}
	return d
}

// ObserveDurationWithExemplar is ObserveDuration with an exemplar, if the observer takes one.
func (t *Timer) ObserveDurationWithExemplar(exemplar Labels) time.Duration {
	d := time.Since(t.begin)
	if o, ok := t.observer.(ExemplarObserver); ok && exemplar != nil {
		o.ObserveWithExemplar(seconds(d), exemplar)
	} else if t.observer != nil {
		t.observer.Observe(seconds(d))
	}
	return d
}
