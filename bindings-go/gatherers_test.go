package tykmetrics_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tykmetrics/tykmetrics/bindings-go"
)

func gatheredBy(t *testing.T, g tykmetrics.Gatherer) (int, string) {
	t.Helper()
	answer := httptest.NewRecorder()
	tykmetrics.HandlerFor(g, tykmetrics.HandlerOpts{}).ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	return answer.Code, answer.Body.String()
}

func TestSeveralRegistriesAreServedAsOne(t *testing.T) {
	one, two := tykmetrics.NewRegistry(), tykmetrics.NewRegistry()
	one.MustNewCounterVec(tykmetrics.CounterOpts{Name: "requests_total", Help: "All."}, []string{"of"}).WithLabelValues("one").Add(1)
	two.MustNewCounterVec(tykmetrics.CounterOpts{Name: "requests_total", Help: "All."}, []string{"of"}).WithLabelValues("two").Add(2)
	two.MustNewHistogram(tykmetrics.HistogramOpts{Name: "took_seconds", Buckets: []float64{1, 2}}).Observe(1.5)
	both := tykmetrics.Gatherers{one, two}
	code, text := gatheredBy(t, both)
	if code != http.StatusOK {
		t.Fatalf("%d: %s", code, text)
	}
	for _, line := range []string{`requests_total{of="one"} 1`, `requests_total{of="two"} 2`, `took_seconds_bucket{le="1"} 0`,
		`took_seconds_bucket{le="2"} 1`, `took_seconds_count 1`} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("%s is not in\n%s", line, text)
		}
	}
	families, err := both.Gather()
	if err != nil || len(families) != 2 || len(families[0].Series) != 2 {
		t.Errorf("%v is gathered (%v)", families, err)
	}
	again, err := both.Gather()
	if err != nil || len(again[0].Series) != 2 {
		t.Errorf("%v is gathered the second time (%v)", again, err)
	}
}

func TestWhatSeveralRegistriesDisagreeOnIsAnError(t *testing.T) {
	one, two := tykmetrics.NewRegistry(), tykmetrics.NewRegistry()
	one.MustNewCounter(tykmetrics.CounterOpts{Name: "x_total"})
	two.MustNewGauge(tykmetrics.GaugeOpts{Name: "x_total"})
	if code, text := gatheredBy(t, tykmetrics.Gatherers{one, two}); code != http.StatusInternalServerError {
		t.Errorf("%d: %s", code, text)
	}
	if _, err := (tykmetrics.Gatherers{one, two}).Gather(); !errors.Is(err, tykmetrics.Conflict) {
		t.Errorf("the error is %v", err)
	}
}

func TestAFunctionCanBeServed(t *testing.T) {
	broken := errors.New("unplugged")
	var err error
	g := tykmetrics.GathererFunc(func() ([]*tykmetrics.MetricFamily, error) {
		return []*tykmetrics.MetricFamily{{Name: "x", Help: "X.", Kind: tykmetrics.KindGauge,
			Series: []tykmetrics.Sample{{Kind: tykmetrics.KindGauge, Value: 7}}}}, err
	})
	if code, text := gatheredBy(t, g); code != http.StatusOK || text != "# HELP x X.\n# TYPE x gauge\nx 7\n" {
		t.Errorf("%d: %s", code, text)
	}
	err = broken
	if code, text := gatheredBy(t, g); code != http.StatusInternalServerError || !strings.Contains(text, "unplugged") {
		t.Errorf("%d: %s", code, text)
	}
}

func TestATextfileIsReplacedWhole(t *testing.T) {
	r := tykmetrics.NewRegistry()
	gauge := r.MustNewGauge(tykmetrics.GaugeOpts{Name: "x", Help: "X."})
	name := filepath.Join(t.TempDir(), "x.prom")
	for _, value := range []string{"1", "2"} {
		gauge.Inc()
		if err := tykmetrics.WriteToTextfile(name, r); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(name)
		if want := "# HELP x X.\n# TYPE x gauge\nx " + value + "\n"; err != nil || string(text) != want {
			t.Errorf("the file is %q (%v), not %q", text, err, want)
		}
	}
	info, err := os.Stat(name)
	if err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("the mode is %v (%v)", info.Mode(), err)
	}

	desc := tykmetrics.NewDesc("broken", "", nil, nil)
	r.MustRegister(onlyInvalid{tykmetrics.NewInvalidMetric(desc, errors.New("unplugged"))})
	if err := tykmetrics.WriteToTextfile(name, r); err == nil {
		t.Error("a collector's failure is lost")
	}
	if left, err := os.ReadDir(filepath.Dir(name)); err != nil || len(left) != 1 {
		t.Errorf("%v is left (%v)", left, err)
	}
}

type onlyInvalid struct{ metric tykmetrics.Metric }

func (c onlyInvalid) Describe(to chan<- *tykmetrics.Desc) { to <- c.metric.Desc() }
func (c onlyInvalid) Collect(to chan<- tykmetrics.Metric) { to <- c.metric }

func TestSeveralErrorsAreOne(t *testing.T) {
	var errs tykmetrics.MultiError
	errs.Append(nil)
	if err := errs.MaybeUnwrap(); err != nil {
		t.Errorf("no error is %v", err)
	}
	errs.Append(tykmetrics.Conflict)
	if err := errs.MaybeUnwrap(); err != error(tykmetrics.Conflict) {
		t.Errorf("one error is %v", err)
	}
	errs.Append(os.ErrNotExist)
	err := errs.MaybeUnwrap()
	if !errors.Is(err, tykmetrics.Conflict) || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("two errors are %v", err)
	}
	if want := "2 error(s) occurred:\n* conflict\n* file does not exist"; err.Error() != want {
		t.Errorf("two errors read %q", err)
	}
}

func TestTheSecondSetOfConstructorsMakesTheSame(t *testing.T) {
	r := tykmetrics.NewRegistry()
	counter := tykmetrics.V2.NewCounterVec(tykmetrics.CounterVecOpts{
		CounterOpts: tykmetrics.CounterOpts{Name: "c_total"}, VariableLabels: tykmetrics.UnconstrainedLabels{"l"}})
	gauge := tykmetrics.V2.NewGaugeVec(tykmetrics.GaugeVecOpts{
		GaugeOpts: tykmetrics.GaugeOpts{Name: "g"}, VariableLabels: []string{"l"}})
	histogram := tykmetrics.V2.NewHistogramVec(tykmetrics.HistogramVecOpts{
		HistogramOpts: tykmetrics.HistogramOpts{Name: "h", NoBuckets: true}, VariableLabels: []string{"l"}})
	summary := tykmetrics.V2.NewSummaryVec(tykmetrics.SummaryVecOpts{
		SummaryOpts: tykmetrics.SummaryOpts{Name: "s"}, VariableLabels: []string{"l"}})
	r.MustRegister(counter, gauge, histogram, summary)
	counter.WithLabelValues("v").Inc()
	gauge.WithLabelValues("v").Set(2)
	histogram.WithLabelValues("v").Observe(3)
	summary.WithLabelValues("v").Observe(4)
	got := scrape(t, r)
	for sample, want := range map[string]float64{`c_total{l="v"}`: 1, `g{l="v"}`: 2, `h_sum{l="v"}`: 3, `s_sum{l="v"}`: 4} {
		if got[sample] != want {
			t.Errorf("%s is %v", sample, got[sample])
		}
	}
}

func TestAMomentLeavesTheNumber(t *testing.T) {
	desc := tykmetrics.V2.NewDesc("x", "X.", nil, nil)
	m := tykmetrics.NewMetricWithTimestamp(time.Unix(1, 0), tykmetrics.MustNewConstMetric(desc, tykmetrics.GaugeValue, 3))
	if sample, err := tykmetrics.Read(m); err != nil || sample.Value != 3 {
		t.Errorf("%v (%v)", sample, err)
	}
}

func TestAFunctionIsACollector(t *testing.T) {
	desc := tykmetrics.NewDesc("x", "X.", nil, nil)
	value := 1.0
	collector := tykmetrics.CollectorFunc(func(to chan<- tykmetrics.Metric) {
		to <- tykmetrics.MustNewConstMetric(desc, tykmetrics.GaugeValue, value)
	})
	r := tykmetrics.NewRegistry()
	r.MustRegister(collector)
	if err := r.Register(collector); !errors.Is(err, tykmetrics.Conflict) {
		t.Errorf("the second registration gives %v", err)
	}
	value = 2
	if got := scrape(t, r)["x"]; got != 2 {
		t.Errorf("x is %v", got)
	}
}

func TestAProcessNumberIsReadFromAFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "pid")
	read := tykmetrics.NewPidFileFn(name)
	if _, err := read(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file gives %v", err)
	}
	for text, want := range map[string]int{"42\n": 42, "forty": 0} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if pid, err := read(); pid != want || (err != nil) != (want == 0) {
			t.Errorf("%q gives %d, %v", text, pid, err)
		}
	}
}
