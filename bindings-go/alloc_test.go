package tykmetrics_test

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	tykmetrics "github.com/tykmetrics/tykmetrics/bindings-go"
)

func TestRecordsAllocateNothing(t *testing.T) {
	if raceEnabled {
		t.Log("the race detector allocates by itself; what follows still records")
	}
	r := tykmetrics.NewRegistry()
	counter := r.MustNewCounter(tykmetrics.CounterOpts{Name: "c_total"})
	gauge := r.MustNewGauge(tykmetrics.GaugeOpts{Name: "g"})
	up := r.MustNewUpDown(tykmetrics.UpDownOpts{Name: "u"})
	histogram := r.MustNewHistogram(tykmetrics.HistogramOpts{Name: "h"})
	compact := r.MustNewHistogram(tykmetrics.HistogramOpts{Name: "k", Store: tykmetrics.StoreCompact})
	summary := r.MustNewSummary(tykmetrics.SummaryOpts{Name: "s", Quantiles: []float64{0.5}})
	vec := r.MustNewCounterVec(tykmetrics.CounterOpts{Name: "v_total"}, []string{"method", "path", "code"})
	histograms := r.MustNewHistogramVec(tykmetrics.HistogramOpts{Name: "w"}, []string{"method", "path", "code"})
	six := r.MustNewCounterVec(tykmetrics.CounterOpts{Name: "six_total"}, []string{"a", "b", "c", "d", "e", "f"})
	curried := vec.MustCurryWith(tykmetrics.Labels{"method": "GET"})
	requests, err := tykmetrics.NewRequests(r, "edge")
	if err != nil {
		t.Fatal(err)
	}
	shard, err := tykmetrics.OpenShard()
	if err != nil {
		t.Fatal(err)
	}
	defer shard.Release()
	labels := tykmetrics.Labels{"method": "GET", "path": "/a/path/of/more/than/sixteen/bytes", "code": "200"}
	path := labels["path"]
	for name, record := range map[string]func(){
		"Inc":                  counter.Inc,
		"Add":                  func() { counter.Add(2) },
		"Add of a fraction":    func() { counter.Add(0.5) },
		"AddOn":                func() { counter.AddOn(shard, 2) },
		"Set":                  func() { gauge.Set(1) },
		"Gauge.Add":            func() { gauge.Add(1) },
		"UpDown":               func() { up.Inc(); up.Dec() },
		"Observe":              func() { histogram.Observe(0.3) },
		"Observe out of range": func() { histogram.Observe(-1) },
		"Observe compact":      func() { compact.Observe(0.3) },
		"ObserveDuration":      func() { histogram.ObserveDuration(time.Millisecond) },
		"ObserveOn":            func() { histogram.ObserveOn(shard, 0.3) },
		"Summary.Observe":      func() { summary.Observe(0.3) },
		"WithLabelValues":      func() { vec.WithLabelValues("GET", path, "200").Inc() },
		"With":                 func() { vec.With(labels).Inc() },
		"histograms":           func() { histograms.WithLabelValues("GET", path, "200").Observe(0.3) },
		"six labels":           func() { six.WithLabelValues("a", "b", "c", "d", "e", "f").Inc() },
		"Record":               func() { requests.Record("a1", "orders", "GET", 502, 12*time.Millisecond) },
		"RecordRequest":        func() { tykmetrics.RecordRequest("a1", "orders", "GET", 200, 12*time.Millisecond) },
	} {
		record() // the first one may make a series
		if n := testing.AllocsPerRun(1000, record); n != 0 && !raceEnabled {
			t.Errorf("%s allocates %v times", name, n)
		}
	}
	// A curried vector puts the values together anew.
	curried.WithLabelValues(path, "200").Inc()
	if n := testing.AllocsPerRun(1000, func() { curried.WithLabelValues(path, "200").Inc() }); n > 4 && !raceEnabled {
		t.Errorf("a curried lookup allocates %v times", n)
	}
}

// discard is a ResponseWriter that allocates nothing for the body.
type discard struct {
	header http.Header
	n      int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(p []byte) (int, error) { d.n += len(p); return len(p), nil }
func (d *discard) WriteHeader(int)             {}

func TestAScrapeAllocatesNothingThatGrowsWithTheRegistry(t *testing.T) {
	r := tykmetrics.NewRegistry()
	vec := r.MustNewCounterVec(tykmetrics.CounterOpts{Name: "v_total", Limit: 20000}, []string{"n"})
	for i := range 10000 {
		vec.WithLabelValues(strconv.Itoa(i)).Inc()
	}
	handler := tykmetrics.HandlerFor(r, tykmetrics.HandlerOpts{})
	request := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	result := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		for range b.N {
			w := &discard{header: http.Header{}}
			handler.ServeHTTP(w, request)
			if w.n < 10000*len("v_total{n=\"1\"} 1\n") {
				b.Fatalf("only %d bytes", w.n)
			}
		}
	})
	// 64 KiB leave room for headers and the test's own work, and none for the 200 KB of text.
	if n := result.AllocedBytesPerOp(); n > 64<<10 {
		t.Errorf("a scrape of 10,000 series allocates %d bytes", n)
	}
}
