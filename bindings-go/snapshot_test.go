package tykmetrics_test

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	tykmetrics "github.com/tykmetrics/tykmetrics/bindings-go"
)

func TestASnapshotIsPlainData(t *testing.T) {
	r := tykmetrics.NewRegistry()
	vec := r.MustNewCounterVec(tykmetrics.CounterOpts{Name: "c_total", Help: "Help.", ConstLabels: tykmetrics.Labels{"zone": "eu"}}, []string{"path"})
	vec.WithLabelValues("/").(tykmetrics.ExemplarAdder).AddWithExemplar(3, tykmetrics.Labels{"trace_id": "t"})
	h := r.MustNewHistogram(tykmetrics.HistogramOpts{Name: "h", Buckets: []float64{1, 2}, Unit: "seconds"})
	h.Observe(1.5)
	h.Observe(5)
	r.MustNewSummary(tykmetrics.SummaryOpts{Name: "s", Quantiles: []float64{0.5}}).Observe(1)
	info := r.MustNewInfo(tykmetrics.InfoOpts{Name: "build"})
	if err := info.Set(tykmetrics.Label{Name: "version", Value: "1"}); err != nil {
		t.Fatal(err)
	}
	states := r.MustNewStateSet(tykmetrics.StateSetOpts{Opts: tykmetrics.Opts{Name: "power"}, States: []string{"off", "on"}})
	if err := states.Enter("on"); err != nil {
		t.Fatal(err)
	}
	before, err := r.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	vec.WithLabelValues("/").Inc()
	h.Observe(0.5)

	c := before.Family("c_total")
	if c == nil || c.Help != "Help." || c.Kind != tykmetrics.KindCounter || len(c.Series) != 1 {
		t.Fatalf("%+v", c)
	}
	s := c.Find(tykmetrics.Labels{"path": "/", "zone": "eu"})
	if s == nil || s.Value != 3 || len(s.Exemplars) != 1 || s.Exemplars[0].Labels[0] != (tykmetrics.Label{Name: "trace_id", Value: "t"}) ||
		s.Exemplars[0].Value != 3 || s.Created.IsZero() || c.Find(tykmetrics.Labels{"path": "/"}) != nil {
		t.Errorf("%+v", s)
	}
	sizes := before.Family("h_seconds").Series[0]
	if sizes.Count != 2 || sizes.Sum != 6.5 || len(sizes.Buckets) != 2 || sizes.Buckets[1] != (tykmetrics.Bucket{UpperBound: 2, CumulativeCount: 1}) {
		t.Errorf("%+v", sizes)
	}
	if q, err := before.Quantile("h_seconds", nil, 1); err != nil || math.Abs(q/5-1) > 0.016 {
		t.Errorf("%v, %v", q, err)
	}
	if _, err := before.Quantile("h_seconds", tykmetrics.Labels{"a": "b"}, 1); !errors.Is(err, tykmetrics.NotFound) {
		t.Errorf("%v", err)
	}
	if got := before.Family("s").Series[0]; got.Count != 1 || len(got.Quantiles) != 1 || got.Quantiles[0].Quantile != 0.5 {
		t.Errorf("%+v", got)
	}
	if got := before.Family("power").Series[0].States; len(got) != 2 || got[0].Holds || !got[1].Holds || got[1].Name != "on" {
		t.Errorf("%+v", got)
	}
	if got := before.Family("build").Series[0].Labels; len(got) != 1 || got[0].Value != "1" {
		t.Errorf("%+v", got)
	}

	after, err := r.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	delta, err := after.Delta(before)
	if err != nil {
		t.Fatal(err)
	}
	if got := delta.Family("c_total").Series[0].Value; got != 1 {
		t.Errorf("%v came to the counter, wanted 1", got)
	}
	if got := delta.Family("h_seconds").Series[0]; got.Count != 1 || got.Sum != 0.5 {
		t.Errorf("%+v", got)
	}
	var old, now bytes.Buffer
	if err := errors.Join(before.Render(&old, "text"), after.Render(&now, "text")); err != nil {
		t.Fatal(err)
	}
	if now.String() != text(t, r) || !strings.Contains(old.String(), `c_total{path="/",zone="eu"} 3`) {
		t.Errorf("%s, %s", old.String(), now.String())
	}
	if err := after.Render(&now, "xml"); !errors.Is(err, tykmetrics.InvalidText) {
		t.Errorf("%v", err)
	}
}

func TestAMetricSaysWhatItHolds(t *testing.T) {
	r := tykmetrics.NewRegistry()
	h := r.MustNewHistogram(tykmetrics.HistogramOpts{Name: "h", Buckets: []float64{1}})
	h.ObserveDuration(2 * time.Second)
	s, err := tykmetrics.Read(h)
	if err != nil || s.Count != 1 || s.Sum != 2 || s.Kind != tykmetrics.KindHistogram || s.Buckets[0].CumulativeCount != 0 {
		t.Errorf("%+v, %v", s, err)
	}
	if q, err := h.Quantile(0.5); err != nil || math.Abs(q/2-1) > 0.016 {
		t.Errorf("%v, %v", q, err)
	}
	vec := tykmetrics.NewSummaryVec(tykmetrics.SummaryOpts{Name: "s", Objectives: map[float64]float64{0.9: 0.01, 0.5: 0.05}}, []string{"a"})
	vec.WithLabelValues("x").Observe(1)
	vec.WithLabelValues("y").Observe(2)
	s, err = tykmetrics.Read(vec.WithLabelValues("y").(tykmetrics.Summary))
	if err != nil || s.Count != 1 || s.Sum != 2 || len(s.Quantiles) != 2 || s.Quantiles[0].Quantile != 0.5 {
		t.Errorf("%+v, %v", s, err)
	}
	up := tykmetrics.NewUpDown(tykmetrics.UpDownOpts{Name: "u"})
	up.Add(-3)
	if s, err := tykmetrics.Read(up); err != nil || s.Value != -3 {
		t.Errorf("%+v, %v", s, err)
	}
	states := tykmetrics.NewStateSet(tykmetrics.StateSetOpts{Opts: tykmetrics.Opts{Name: "power"}, States: []string{"off", "on"}})
	if err := states.Set("on", true); err != nil {
		t.Fatal(err)
	}
	if holds, err := states.Holds("on"); err != nil || !holds {
		t.Errorf("%v, %v", holds, err)
	}
	if err := states.Enter("on\x00"); err == nil {
		t.Error("a state with a NUL byte was entered")
	}
	if s, err := tykmetrics.Read(states); err != nil || !s.States[1].Holds {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestTheBoundsAreTheCores(t *testing.T) {
	for got, want := range map[*[]float64][]float64{
		p(tykmetrics.LinearBuckets(-1, 0.5, 4)):          {-1, -0.5, 0, 0.5},
		p(tykmetrics.ExponentialBuckets(100, 1.2, 3)):    {100, 120, 144},
		p(tykmetrics.ExponentialBucketsRange(1, 100, 3)): {1, 10, 100},
		p(tykmetrics.ExponentialBuckets(0.001, 2, 1)):    {0.001},
	} {
		for i := range want {
			if math.Abs((*got)[i]-want[i]) > 1e-9 || len(*got) != len(want) {
				t.Errorf("%v, wanted %v", *got, want)
			}
		}
	}
	for _, wrong := range []func(){
		func() { tykmetrics.LinearBuckets(1, 1, 0) },
		func() { tykmetrics.LinearBuckets(1, 1, -1) },
		func() { tykmetrics.ExponentialBuckets(0, 2, 1) },
		func() { tykmetrics.ExponentialBuckets(1, 1, 2) },
		func() { tykmetrics.ExponentialBucketsRange(0, 2, 2) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Error("wrong bounds were made")
				}
			}()
			wrong()
		}()
	}
}

func p[T any](v T) *T { return &v }

func TestNativeBucketsAreThoseOfTheFactor(t *testing.T) {
	for factor, want := range map[float64]string{1.1: "schema: 3", 2: "schema: 0", 1.5: "schema: 1", 65536: "schema: -4", 1.0001: "schema: 3"} {
		r := tykmetrics.NewRegistry()
		r.MustNewHistogram(tykmetrics.HistogramOpts{Name: "h", NativeHistogramBucketFactor: factor}).Observe(3)
		var out strings.Builder
		if err := r.Render(&out, "protobuf-text"); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), want+"\n") {
			t.Errorf("a factor of %v gives\n%s", factor, out.String())
		}
		if strings.Contains(out.String(), "upper_bound: 0.005") {
			t.Errorf("native buckets alone were asked for: %s", out.String())
		}
	}
	r := tykmetrics.NewRegistry()
	r.MustNewHistogram(tykmetrics.HistogramOpts{Name: "h", NativeHistogramBucketFactor: 1}).Observe(3)
	var out strings.Builder
	if err := r.Render(&out, "protobuf-text"); err != nil || strings.Contains(out.String(), "schema") {
		t.Errorf("%v, %s", err, out.String())
	}
}

func TestRequestsAreCountedByWhatTheyWere(t *testing.T) {
	r := tykmetrics.NewRegistry()
	requests, err := tykmetrics.NewRequests(r, "edge")
	if err != nil {
		t.Fatal(err)
	}
	for _, code := range []int{200, 404, 499, 500, 503, 1200, -1} {
		requests.Record("a1", "orders", "GET", code, 250*time.Millisecond)
	}
	got := scrape(t, r)
	const labels = `api_id="a1",api_name="orders",method="GET"`
	for sample, want := range map[string]float64{
		`edge_gateway_requests_total{` + labels + `,status_code="200"}`:               1,
		`edge_gateway_requests_total{` + labels + `,status_code="1200"}`:              1,
		`edge_gateway_requests_total{` + labels + `,status_code="-1"}`:                1,
		`edge_gateway_request_duration_seconds_count{` + labels + `}`:                 7,
		`edge_gateway_request_duration_seconds_sum{` + labels + `}`:                   1.75,
		`edge_gateway_request_errors_total{` + labels + `,error_type="client_error"}`: 2,
		`edge_gateway_request_errors_total{` + labels + `,error_type="server_error"}`: 3,
	} {
		if got[sample] != want {
			t.Errorf("%s is %v, wanted %v", sample, got[sample], want)
		}
	}
	r.MustNewGauge(tykmetrics.GaugeOpts{Name: "other_gateway_requests_total"})
	if _, err := tykmetrics.NewRequests(r, "other"); !errors.Is(err, tykmetrics.Conflict) {
		t.Errorf("%v", err)
	}
}

func TestTimersObserveSeconds(t *testing.T) {
	var seen float64
	timer := tykmetrics.NewTimer(tykmetrics.ObserverFunc(func(v float64) { seen = v }))
	time.Sleep(time.Millisecond)
	if d := timer.ObserveDuration(); d < time.Millisecond || seen != float64(d)/1e9 {
		t.Errorf("%v was observed as %v", d, seen)
	}
	h := tykmetrics.NewHistogram(tykmetrics.HistogramOpts{Name: "h"})
	tykmetrics.NewTimer(h).ObserveDurationWithExemplar(tykmetrics.Labels{"trace_id": "t"})
	tykmetrics.NewTimer(nil).ObserveDuration()
	if s, err := tykmetrics.Read(h); err != nil || s.Count != 1 {
		t.Errorf("%+v, %v", s, err)
	}
}
