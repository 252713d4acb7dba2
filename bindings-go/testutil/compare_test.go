package testutil

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	tykmetrics "github.com/tykmetrics/tykmetrics/bindings-go"
)

// everything is a registry with a metric of each kind.
func everything(t *testing.T) *tykmetrics.Registry {
	t.Helper()
	r := tykmetrics.NewRegistry()
	r.MustNewCounterVec(tykmetrics.CounterOpts{Name: "c_total", Help: "A \\ and\na line."}, []string{"b", "a"}).WithLabelValues("x\n\"\\n", "y").Add(0.5)
	r.MustNewGauge(tykmetrics.GaugeOpts{Name: "g"}).Set(1e9)
	r.MustNewUpDown(tykmetrics.UpDownOpts{Name: "u"}).Add(-3)
	r.MustNewHistogram(tykmetrics.HistogramOpts{Name: "h", Buckets: []float64{1, 2.5}}).Observe(2)
	r.MustNewSummary(tykmetrics.SummaryOpts{Name: "s", Objectives: map[float64]float64{0.5: 0.05}}).Observe(2)
	info := r.MustNewInfo(tykmetrics.InfoOpts{Name: "build"})
	states := r.MustNewStateSet(tykmetrics.StateSetOpts{Opts: tykmetrics.Opts{Name: "st"}, States: []string{"on", "off"}})
	if err := errors.Join(info.Set(tykmetrics.Label{Name: "v", Value: "1"}), states.Enter("off")); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestWhatIsGatheredIsWhatTheTextFormatSays(t *testing.T) {
	r := everything(t)
	var text bytes.Buffer
	if err := r.Render(&text, "text"); err != nil {
		t.Fatal(err)
	}
	if err := GatherAndCompare(r, bytes.NewReader(text.Bytes())); err != nil {
		t.Errorf("%v in\n%s", err, text.String())
	}
	for _, line := range strings.Split(strings.TrimSpace(text.String()), "\n") {
		if err := GatherAndCompare(r, strings.NewReader(strings.Replace(text.String(), line+"\n", "", 1))); err == nil || !strings.HasPrefix(err.Error(), "not expected: ") {
			t.Errorf("without %q: %v", line, err)
		}
	}
}

func TestTextsAreComparedByWhatTheyMean(t *testing.T) {
	r := everything(t)
	const counter = "# HELP c_total A \\\\ and\\na line.\n# TYPE c_total counter\nc_total{ a = \"y\", b=\"x\\n\\\"\\\\n\" , } 5e-1\n"
	if err := GatherAndCompare(r, strings.NewReader(counter), "c_total"); err != nil {
		t.Error(err)
	}
	const others = `
		# a comment
		# TYPE g gauge
		g 1000000000.0
		# TYPE h histogram
		h_count 1
		h_sum 2.0
		h_bucket{le="+Inf"} 1
		h_bucket{le="2.50"} 1
		h_bucket{le="1.0"} 0
	`
	if err := GatherAndCompare(r, strings.NewReader(others), "g", "h"); err != nil {
		t.Error(err)
	}
	for _, wrong := range []string{"g", "g one", "g{a} 1", `g{a="b} 1`, "g 1 2 3", `g{="b"} 1`} {
		if err := GatherAndCompare(r, strings.NewReader(wrong)); err == nil || !strings.Contains(err.Error(), "line 1") {
			t.Errorf("%s: %v", wrong, err)
		}
	}
	if err := GatherAndCompare(r, strings.NewReader("# TYPE g gauge\ng 1e9\ng 1e9\n"), "g"); err == nil {
		t.Error("a sample that is expected twice was found once, and that was enough")
	}
}

// gathers is a Gatherer that is no registry.
type gathers func() ([]*tykmetrics.MetricFamily, error)

func (g gathers) Gather() ([]*tykmetrics.MetricFamily, error) { return g() }

func TestAnythingThatGathersIsCompared(t *testing.T) {
	g := gathers(everything(t).Gather)
	if err := GatherAndCompare(g, strings.NewReader("# TYPE u gauge\nu -3"), "u"); err != nil {
		t.Error(err)
	}
	if n, err := GatherAndCount(g, "u"); n != 1 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	broken := gathers(func() ([]*tykmetrics.MetricFamily, error) { return nil, errors.New("no disk") })
	if err := GatherAndCompare(broken, strings.NewReader("")); err == nil || !strings.Contains(err.Error(), "no disk") {
		t.Errorf("%v", err)
	}
}
