package tykhealth

import (
	"slices"

	"github.com/gocraft/health"

	"github.com/tykmetrics/tykmetrics/bindings-go"
)

// Sink is a health.Sink that keeps metrics.
type Sink struct {
	keys                       []string
	events, errors, completed  *tykmetrics.CounterVec
	timing, completionDuration *tykmetrics.HistogramVec
	gauge                      *tykmetrics.GaugeVec
	timings                    []ownTiming
}

type ownTiming struct {
	Timing
	histogram *tykmetrics.HistogramVec
}

var _ health.Sink = (*Sink)(nil)

// NewSink makes the metrics, or finds them if they are there. It fails if a name is
// not valid or means something else already.
func NewSink(o Options) (*Sink, error) {
	if o.Registry == nil {
		o.Registry = tykmetrics.DefaultRegisterer
	}
	if o.Namespace == "" {
		o.Namespace = "health"
	}
	if o.Buckets == nil {
		o.Buckets = tykmetrics.DefBuckets
	}
	s := &Sink{keys: slices.Clone(o.Keys)}
	var failed error
	labels := func(own ...string) []string { return append(own, s.keys...) }
	counter := func(into **tykmetrics.CounterVec, name, help string, labels []string) {
		if failed == nil {
			*into, failed = tykmetrics.RegisterOr(o.Registry, tykmetrics.NewCounterVec(tykmetrics.CounterOpts{
				Namespace: o.Namespace, Name: name, Help: help, ConstLabels: o.ConstLabels,
			}, labels))
		}
	}
	histogram := func(into **tykmetrics.HistogramVec, name, help string, labels []string, buckets []float64) {
		if failed == nil {
			*into, failed = tykmetrics.RegisterOr(o.Registry, tykmetrics.NewHistogramVec(tykmetrics.HistogramOpts{
				Namespace: o.Namespace, Name: name, Help: help, ConstLabels: o.ConstLabels, Buckets: buckets,
			}, labels))
		}
	}
	counter(&s.events, "events_total", "Events.", labels("job", "event"))
	counter(&s.errors, "event_errors_total", "Events that were errors.", labels("job", "event"))
	histogram(&s.timing, "timing_seconds", "Seconds that events took.", labels("job", "event"), o.Buckets)
	counter(&s.completed, "completions_total", "Finished jobs.", labels("job", "status"))
	histogram(&s.completionDuration, "completion_duration_seconds", "Seconds that jobs took.",
		labels("job", "status"), o.Buckets)
	if failed == nil {
		s.gauge, failed = tykmetrics.RegisterOr(o.Registry, tykmetrics.NewGaugeVec(tykmetrics.GaugeOpts{
			Namespace: o.Namespace, Name: "gauge", Help: "Last value that events gave.", ConstLabels: o.ConstLabels,
		}, labels("job", "event")))
	}
	for _, t := range o.Timings {
		own := ownTiming{Timing: t}
		if own.Buckets == nil {
			own.Buckets = tykmetrics.DefBuckets
		}
		names := make([]string, len(t.Labels))
		for i, l := range t.Labels {
			names[i] = l.Name
		}
		histogram(&own.histogram, t.Name, t.Help, names, own.Buckets)
		s.timings = append(s.timings, own)
	}
	if failed != nil {
		return nil, failed
	}
	return s, nil
}

// MustSink is [NewSink], but panics where that fails.
func MustSink(o Options) *Sink {
	s, err := NewSink(o)
	if err != nil {
		panic(err)
	}
	return s
}

// EmitEvent counts an event.
func (s *Sink) EmitEvent(job, event string, kvs map[string]string) {
	var room values
	s.events.WithLabelValues(s.labelled(room[:0], job, event, kvs)...).Inc()
}

// EmitEventErr counts an error. Its text is no label: it may say anything.
func (s *Sink) EmitEventErr(job, event string, _ error, kvs map[string]string) {
	var room values
	s.errors.WithLabelValues(s.labelled(room[:0], job, event, kvs)...).Inc()
}

// EmitTiming observes how long an event took.
func (s *Sink) EmitTiming(job, event string, nanoseconds int64, kvs map[string]string) {
	var room values
	for i := range s.timings {
		if into, fits := s.timings[i].labelled(room[:0], job, event, kvs); fits {
			s.timings[i].histogram.WithLabelValues(into...).Observe(seconds(nanoseconds))
			return
		}
	}
	s.timing.WithLabelValues(s.labelled(room[:0], job, event, kvs)...).Observe(seconds(nanoseconds))
}

// EmitGauge keeps the value that an event gave.
func (s *Sink) EmitGauge(job, event string, value float64, kvs map[string]string) {
	var room values
	s.gauge.WithLabelValues(s.labelled(room[:0], job, event, kvs)...).Set(value)
}

// EmitComplete counts a finished job and observes how long it took.
func (s *Sink) EmitComplete(job string, status health.CompletionStatus, nanoseconds int64, kvs map[string]string) {
	var room values
	how := status.String()
	if how == "" {
		// Any number can be a status; these have no name.
		how = "unknown"
	}
	labels := s.labelled(room[:0], job, how, kvs)
	s.completed.WithLabelValues(labels...).Inc()
	s.completionDuration.WithLabelValues(labels...).Observe(seconds(nanoseconds))
}

// values has room for the label values of most sinks, so that they stay on the
// stack: the two that all have, and six keys.
type values [8]string

func (s *Sink) labelled(into []string, job, what string, kvs map[string]string) []string {
	into = append(into, job, what)
	for _, key := range s.keys {
		into = append(into, kvs[key])
	}
	return into
}

func (t *ownTiming) labelled(into []string, job, event string, kvs map[string]string) ([]string, bool) {
	if t.Job != job || t.Event != "" && t.Event != event {
		return nil, false
	}
	for _, label := range t.Labels {
		value, there := kvs[label.Key]
		if label.Required && !there {
			return nil, false
		}
		into = append(into, value)
	}
	return into, true
}

// seconds of a duration that may have been taken with a clock that was set back.
func seconds(nanoseconds int64) float64 {
	return float64(max(nanoseconds, 0)) / 1e9
}
