package testutil

import (
	"strings"
	"testing"

	tykmetrics "github.com/tykmetrics/tykmetrics/bindings-go"
)

func panics(f func()) (did bool) {
	defer func() { did = recover() != nil }()
	f()
	return
}

func TestTheNumberOfAMetricIsRead(t *testing.T) {
	c := tykmetrics.NewCounterVec(tykmetrics.CounterOpts{Name: "c_total"}, []string{"a"})
	if !panics(func() { ToFloat64(c) }) {
		t.Error("a family without series has a number")
	}
	c.WithLabelValues("x").Add(2.5)
	if got := ToFloat64(c); got != 2.5 {
		t.Errorf("%v of the family", got)
	}
	c.WithLabelValues("y").Inc()
	if got := ToFloat64(c.WithLabelValues("y")); got != 1 {
		t.Errorf("%v of a series", got)
	}
	if !panics(func() { ToFloat64(c) }) || !panics(func() { ToFloat64(tykmetrics.NewHistogram(tykmetrics.HistogramOpts{Name: "h"})) }) {
		t.Error("what has no number has one")
	}
	g := tykmetrics.NewGaugeFunc(tykmetrics.GaugeOpts{Name: "g"}, func() float64 { return 7 })
	if got := ToFloat64(g); got != 7 {
		t.Errorf("%v of a function", got)
	}
}

func TestMetricsAreCounted(t *testing.T) {
	c := tykmetrics.NewCounterVec(tykmetrics.CounterOpts{Name: "c_total"}, []string{"a"})
	c.WithLabelValues("x")
	c.WithLabelValues("y")
	if a, b := CollectAndCount(c), CollectAndCount(c, "other"); a != 2 || b != 0 {
		t.Errorf("%d and %d", a, b)
	}
	if !panics(func() { CollectAndCount(tykmetrics.NewGauge(tykmetrics.GaugeOpts{})) }) {
		t.Error("a metric without a name was counted")
	}
}

func TestTextsAreCompared(t *testing.T) {
	r := tykmetrics.NewRegistry()
	r.MustNewCounter(tykmetrics.CounterOpts{Name: "c_total", Help: "Help."}).Inc()
	r.MustNewGauge(tykmetrics.GaugeOpts{Name: "g"})
	const want = `
		# HELP c_total Help.
		# TYPE c_total counter
		c_total 1
	`
	if err := GatherAndCompare(r, strings.NewReader(want), "c_total"); err != nil {
		t.Error(err)
	}
	if err := GatherAndCompare(r, strings.NewReader(want)); err == nil || !strings.Contains(err.Error(), "g 0") {
		t.Errorf("the gauge is not missed: %v", err)
	}
	if err := CollectAndCompare(tykmetrics.NewGauge(tykmetrics.GaugeOpts{Name: "g"}), strings.NewReader("# TYPE g gauge\ng 1")); err == nil || !strings.Contains(err.Error(), "missing: g 1") {
		t.Errorf("%v", err)
	}
}
