package tykmetrics_test

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	tykmetrics "github.com/tykmetrics/tykmetrics/bindings-go"
)

// What an operation may say, beside op and error.
var registration = []string{"id", "name", "help", "namespace", "subsystem", "unit", "labels", "const_labels", "limit", "expire_after"}

var members = map[string][]string{
	"counter": nil, "gauge": nil, "up_down": nil, "info": {"on", "value", "labels"},
	"histogram": {"buckets", "store", "native", "range"}, "summary": {"quantiles", "window", "range"}, "state_set": {"states"},
	"touch": {"on", "labels"}, "inc": {"on", "labels"}, "dec": {"on", "labels"},
	"add": {"on", "labels", "value", "exemplar"}, "add_f64": {"on", "labels", "value"}, "sub": {"on", "labels", "value"},
	"set": {"on", "labels", "value"}, "set_max": {"on", "labels", "value"}, "set_min": {"on", "labels", "value"},
	"observe": {"on", "labels", "value", "exemplar"}, "state": {"on", "labels", "value"},
	"set_state": {"on", "labels", "value", "holds"}, "remove": {"on", "labels", "found"},
	"clear": {"on"}, "unregister": {"name", "found"}, "render": {"format"},
}

// metric is a metric of a case.
type metric struct {
	one  any // a Counter, a Gauge, …; nil for a family with labels
	many func(labels []string) (any, error)
	vec  *tykmetrics.MetricVec
}

type runner struct {
	registry *tykmetrics.Registry
	metrics  map[string]metric
	kept     bool
	handles  map[string]any
}

func (r *runner) perform(t *testing.T, operation object) {
	t.Helper()
	op := str(operation["op"])
	allowed, ok := members[op]
	if !ok {
		t.Fatalf("this runner does not know %v", operation)
	}
	if _, registers := operation["id"]; registers {
		allowed = slices.Concat(allowed, registration)
	}
	for member := range operation {
		if member != "op" && member != "error" && !slices.Contains(allowed, member) {
			t.Fatalf("%v has no member %q", operation, member)
		}
	}
	if cannotBeSaid(operation) {
		return
	}
	err := r.do(t, op, operation)
	want := str(operation["error"])
	var failed *tykmetrics.Error
	switch {
	case want == "" && err != nil:
		t.Fatalf("%v: %v", operation, err)
	case want != "" && !errors.As(err, &failed):
		t.Fatalf("%v should fail with %s: %v", operation, want, err)
	case want != "" && (failed.Code.String() != want || failed.Message == ""):
		t.Fatalf("%v failed with %v, %q", operation, failed.Code, failed.Message)
	}
}

// cannotBeSaid tells what Go's door has no words for: zeroes that mean the default here.
func cannotBeSaid(operation object) bool {
	for _, member := range []string{"limit", "expire_after"} {
		if value, ok := operation[member]; ok && number(value) == 0 {
			return true
		}
	}
	return false
}

func (r *runner) do(t *testing.T, op string, o object) error {
	t.Helper()
	switch op {
	case "unregister":
		found, err := r.registry.UnregisterName(str(o["name"]))
		if found != (o["found"] == true) {
			t.Errorf("%v: found is %v", o, found)
		}
		return err
	case "render":
		return r.registry.Render(io.Discard, str(o["format"]))
	}
	if id, ok := o["id"]; ok {
		made, err := r.register(op, o)
		if err == nil {
			r.metrics[str(id)] = made
		}
		return err
	}
	m, ok := r.metrics[str(o["on"])]
	if !ok {
		t.Fatalf("%v: no such id", o)
	}
	switch op {
	case "clear":
		m.vec.Reset()
		clear(r.handles)
		return nil
	case "remove":
		clear(r.handles)
		found, err := m.vec.Remove(strs(o["labels"])...)
		if found != (o["found"] == true) {
			t.Errorf("%v: found is %v", o, found)
		}
		return err
	}
	series, err := r.series(m, o)
	if err != nil {
		return err
	}
	return record(t, series, op, o)
}

func (r *runner) series(m metric, o object) (any, error) {
	if m.one != nil {
		return m.one, nil
	}
	labels := strs(o["labels"])
	key := fmt.Sprintf("%v %q", o["on"], labels)
	if found, ok := r.handles[key]; ok && r.kept {
		return found, nil
	}
	found, err := m.many(labels)
	if err == nil {
		r.handles[key] = found
	}
	return found, err
}

func made[M, V any](labels []string, one func() (M, error), many func([]string) (V, error), get func(V, ...string) (any, error), vec func(V) *tykmetrics.MetricVec) (metric, error) {
	if labels == nil {
		m, err := one()
		return metric{one: m}, err
	}
	v, err := many(labels)
	if err != nil {
		return metric{}, err
	}
	return metric{many: func(values []string) (any, error) { return get(v, values...) }, vec: vec(v)}, nil
}

func (r *runner) register(kind string, o object) (metric, error) {
	opts := tykmetrics.Opts{
		Name: str(o["name"]), Help: str(o["help"]), Namespace: str(o["namespace"]), Subsystem: str(o["subsystem"]), Unit: str(o["unit"]),
		ConstLabelList: labelList(o["const_labels"]), ExpireAfter: duration(o["expire_after"]),
	}
	if limit, ok := o["limit"]; ok {
		opts.Limit = uint32(number(limit))
	}
	reg, labels := r.registry, strs(o["labels"])
	switch kind {
	case "counter":
		opts := tykmetrics.CounterOpts(opts)
		return made(labels, func() (tykmetrics.Counter, error) { return reg.NewCounter(opts) },
			func(names []string) (*tykmetrics.CounterVec, error) { return reg.NewCounterVec(opts, names) },
			func(v *tykmetrics.CounterVec, values ...string) (any, error) {
				return v.GetMetricWithLabelValues(values...)
			},
			func(v *tykmetrics.CounterVec) *tykmetrics.MetricVec { return v.MetricVec })
	case "gauge":
		opts := tykmetrics.GaugeOpts(opts)
		return made(labels, func() (tykmetrics.Gauge, error) { return reg.NewGauge(opts) },
			func(names []string) (*tykmetrics.GaugeVec, error) { return reg.NewGaugeVec(opts, names) },
			func(v *tykmetrics.GaugeVec, values ...string) (any, error) {
				return v.GetMetricWithLabelValues(values...)
			},
			func(v *tykmetrics.GaugeVec) *tykmetrics.MetricVec { return v.MetricVec })
	case "up_down":
		opts := tykmetrics.UpDownOpts(opts)
		return made(labels, func() (tykmetrics.UpDown, error) { return reg.NewUpDown(opts) },
			func(names []string) (*tykmetrics.UpDownVec, error) { return reg.NewUpDownVec(opts, names) },
			func(v *tykmetrics.UpDownVec, values ...string) (any, error) {
				return v.GetMetricWithLabelValues(values...)
			},
			func(v *tykmetrics.UpDownVec) *tykmetrics.MetricVec { return v.MetricVec })
	case "info":
		opts := tykmetrics.InfoOpts(opts)
		return made(labels, func() (*tykmetrics.Info, error) { return reg.NewInfo(opts) },
			func(names []string) (*tykmetrics.InfoVec, error) { return reg.NewInfoVec(opts, names) },
			func(v *tykmetrics.InfoVec, values ...string) (any, error) {
				return v.GetMetricWithLabelValues(values...)
			},
			func(v *tykmetrics.InfoVec) *tykmetrics.MetricVec { return v.MetricVec })
	case "state_set":
		opts := tykmetrics.StateSetOpts{Opts: opts, States: strs(o["states"])}
		return made(labels, func() (*tykmetrics.StateSet, error) { return reg.NewStateSet(opts) },
			func(names []string) (*tykmetrics.StateSetVec, error) { return reg.NewStateSetVec(opts, names) },
			func(v *tykmetrics.StateSetVec, values ...string) (any, error) {
				return v.GetMetricWithLabelValues(values...)
			},
			func(v *tykmetrics.StateSetVec) *tykmetrics.MetricVec { return v.MetricVec })
	case "histogram":
		return r.histogram(opts, labels, o)
	}
	return r.summary(opts, labels, o)
}

func (r *runner) histogram(opts tykmetrics.Opts, labels []string, o object) (metric, error) {
	h := tykmetrics.HistogramOpts{
		Name: opts.Name, Help: opts.Help, Namespace: opts.Namespace, Subsystem: opts.Subsystem, Unit: opts.Unit,
		ConstLabelList: opts.ConstLabelList, Limit: opts.Limit, ExpireAfter: opts.ExpireAfter,
		Buckets: floats(o["buckets"]), Store: map[string]tykmetrics.Store{"hdr": tykmetrics.StoreHDR, "compact": tykmetrics.StoreCompact}[str(o["store"])],
	}
	if bounds, ok := o["buckets"]; ok {
		h.NoBuckets = bounds == nil
	}
	if schema, ok := o["native"]; ok {
		if schema == nil {
			h.NoNative = true
		} else {
			n := int32(number(schema))
			h.NativeSchema = &n
		}
	}
	if limits := floats(o["range"]); limits != nil {
		h.RangeMin, h.RangeMax = limits[0], limits[1]
	}
	return made(labels, func() (tykmetrics.Histogram, error) { return r.registry.NewHistogram(h) },
		func(names []string) (*tykmetrics.HistogramVec, error) { return r.registry.NewHistogramVec(h, names) },
		func(v *tykmetrics.HistogramVec, values ...string) (any, error) {
			return v.GetMetricWithLabelValues(values...)
		},
		func(v *tykmetrics.HistogramVec) *tykmetrics.MetricVec { return v.MetricVec })
}

func (r *runner) summary(opts tykmetrics.Opts, labels []string, o object) (metric, error) {
	s := tykmetrics.SummaryOpts{
		Name: opts.Name, Help: opts.Help, Namespace: opts.Namespace, Subsystem: opts.Subsystem, Unit: opts.Unit,
		ConstLabelList: opts.ConstLabelList, Limit: opts.Limit, ExpireAfter: opts.ExpireAfter,
		Quantiles: floats(o["quantiles"]), MaxAge: duration(o["window"]),
	}
	if _, ok := o["quantiles"]; !ok {
		s.Quantiles = []float64{0.5, 0.9, 0.95, 0.99} // the engine's default, which a case without quantiles means
	}
	if limits := floats(o["range"]); limits != nil {
		s.RangeMin, s.RangeMax = limits[0], limits[1]
	}
	return made(labels, func() (tykmetrics.Summary, error) { return r.registry.NewSummary(s) },
		func(names []string) (*tykmetrics.SummaryVec, error) { return r.registry.NewSummaryVec(s, names) },
		func(v *tykmetrics.SummaryVec, values ...string) (any, error) {
			return v.GetMetricWithLabelValues(values...)
		},
		func(v *tykmetrics.SummaryVec) *tykmetrics.MetricVec { return v.MetricVec })
}

func record(t *testing.T, series any, op string, o object) error {
	t.Helper()
	value := o["value"]
	_, exemplar := o["exemplar"]
	labels := labelList(o["exemplar"])
	switch s := series.(type) {
	case tykmetrics.Counter:
		switch {
		case op == "touch":
		case op == "inc":
			s.Inc()
		case exemplar:
			return s.(interface {
				AddExemplar(float64, ...tykmetrics.Label) error
			}).AddExemplar(number(value), labels...)
		case op == "add":
			n, ok := whole(value)
			if !ok {
				t.Fatalf("%v is not whole", o)
			}
			s.AddUint64(n)
		case op == "add_f64":
			if v := number(value); v < 0 {
				refuses(t, func() { s.Add(v) }) // as client_golang's
			} else {
				s.Add(v)
			}
		default:
			t.Fatalf("a counter does not know %v", o)
		}
	case tykmetrics.UpDown:
		switch op {
		case "touch":
		case "inc":
			s.Inc()
		case "dec":
			s.Dec()
		case "add":
			s.Add(int64(number(value)))
		default:
			t.Fatalf("an up-down does not know %v", o)
		}
	case tykmetrics.Gauge:
		switch op {
		case "touch":
		case "inc":
			s.Inc()
		case "dec":
			s.Dec()
		case "add":
			s.Add(number(value))
		case "sub":
			s.Sub(number(value))
		case "set":
			s.Set(number(value))
		case "set_max":
			s.SetMax(number(value))
		case "set_min":
			s.SetMin(number(value))
		default:
			t.Fatalf("a gauge does not know %v", o)
		}
	case *tykmetrics.Info:
		if op == "info" {
			return s.Set(labelList(value)...)
		}
	case *tykmetrics.StateSet:
		switch op {
		case "touch":
		case "state":
			return s.Enter(str(value))
		case "set_state":
			return s.Set(str(value), o["holds"] == true)
		default:
			t.Fatalf("a state set does not know %v", o)
		}
	case tykmetrics.Observer:
		switch {
		case op == "touch":
		case exemplar:
			return s.(tykmetrics.ExemplarObserver).ObserveExemplar(number(value), labels...)
		case op == "observe":
			s.Observe(number(value))
		default:
			t.Fatalf("an observer does not know %v", o)
		}
	}
	return nil
}

// refuses says whether f panics as client_golang does.
func refuses(t *testing.T, f func()) {
	t.Helper()
	defer func() {
		if p := recover(); p == nil || !strings.Contains(fmt.Sprint(p), "cannot decrease") {
			t.Errorf("a negative amount was taken: %v", p)
		}
	}()
	f()
}
