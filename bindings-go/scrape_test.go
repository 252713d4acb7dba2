package tykmetrics_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	tykmetrics "github.com/tykmetrics/tykmetrics/bindings-go"
)

func sends(metrics ...tykmetrics.Metric) several {
	return func(to chan<- tykmetrics.Metric) {
		for _, m := range metrics {
			to <- m
		}
	}
}

func TestIdentitiesAreComparedAsAWhole(t *testing.T) {
	r := tykmetrics.NewRegistry()
	desc := func(name string, labels tykmetrics.Labels) tykmetrics.Metric {
		return tykmetrics.MustNewConstMetric(tykmetrics.NewDesc(name, "", nil, labels), tykmetrics.GaugeValue, 1)
	}
	r.MustRegister(custom{desc("a", tykmetrics.Labels{"of": "b"})})
	// The end of an identity, a label's value, is not another one.
	if err := r.Register(custom{desc("b", nil)}); err != nil {
		t.Error(err)
	}
	if err := r.Register(custom{desc("name", tykmetrics.Labels{"q": "x"})}); err != nil {
		t.Error(err)
	}
	if err := r.Register(both{desc("name", tykmetrics.Labels{"q": "x"}), desc("other", nil)}); !errors.Is(err, tykmetrics.Conflict) {
		t.Errorf("%v", err)
	}
	if !r.Unregister(custom{desc("name", tykmetrics.Labels{"q": "x"})}) {
		t.Error("it was not there")
	}
	if err := r.Register(both{desc("name", tykmetrics.Labels{"q": "x"}), desc("other", nil)}); err != nil {
		t.Error(err)
	}
}

// both is a collector of two metrics, which it describes.
type both [2]tykmetrics.Metric

func (b both) Describe(to chan<- *tykmetrics.Desc) { to <- b[0].Desc(); to <- b[1].Desc() }
func (b both) Collect(to chan<- tykmetrics.Metric) { to <- b[0]; to <- b[1] }

func TestACollectorThatEndsItsGoroutineIsAnErrorAndNoHang(t *testing.T) {
	r := tykmetrics.NewRegistry()
	good := tykmetrics.MustNewConstMetric(tykmetrics.NewDesc("good", "", nil, nil), tykmetrics.GaugeValue, 1)
	r.MustRegister(several(func(to chan<- tykmetrics.Metric) {
		to <- good
		runtime.Goexit()
	}))
	var out bytes.Buffer
	if err := r.Render(&out, "text"); err == nil || !strings.Contains(err.Error(), "Goexit") {
		t.Errorf("%v", err)
	}
	if !strings.Contains(out.String(), "good 1") {
		t.Errorf("what came before is lost: %s", out.String())
	}
}

// A metric of somebody else's, by embedding the interface, which is nil.
type hollow struct{ tykmetrics.Metric }

func TestANilMetricCostsNoOther(t *testing.T) {
	r := tykmetrics.NewRegistry()
	good := func(name string) tykmetrics.Metric {
		return tykmetrics.MustNewConstMetric(tykmetrics.NewDesc(name, "", nil, nil), tykmetrics.GaugeValue, 1)
	}
	var info *tykmetrics.Info
	r.MustRegister(sends(good("a"), nil, info, hollow{}, good("b")), several(func(to chan<- tykmetrics.Metric) { to <- good("c") }))
	var out bytes.Buffer
	err := r.Render(&out, "text")
	if err == nil || !strings.Contains(err.Error(), "sent nil 2 times") || !strings.Contains(err.Error(), "hollow") {
		t.Errorf("%v", err)
	}
	for _, want := range []string{"a 1", "b 1", "c 1"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is lost: %s", want, out.String())
		}
	}
}

func TestEachScrapeSaysWhatItsOwnCollectorsDid(t *testing.T) {
	r := tykmetrics.NewRegistry()
	var mu sync.Mutex
	n := 0
	r.MustRegister(several(func(to chan<- tykmetrics.Metric) {
		mu.Lock()
		n++
		mine := n
		mu.Unlock()
		desc := tykmetrics.NewDesc("scrape", "", nil, nil)
		to <- tykmetrics.MustNewConstMetric(desc, tykmetrics.GaugeValue, float64(mine))
		runtime.Gosched()
		if mine%2 == 0 {
			to <- tykmetrics.NewInvalidMetric(desc, fmt.Errorf("scrape %d failed", mine))
		}
	}))
	var all sync.WaitGroup
	for i := range 8 {
		all.Add(1)
		go func() {
			defer all.Done()
			for range 50 {
				var got float64
				var err error
				if i%2 == 0 {
					var out bytes.Buffer
					err = r.Render(&out, "text")
					_, _ = fmt.Sscanf(out.String(), "# TYPE scrape gauge\nscrape %g", &got)
				} else {
					var families []*tykmetrics.MetricFamily
					families, err = r.Gather()
					got = families[0].Series[0].Value
				}
				failed := err != nil && err.Error() == fmt.Sprintf("scrape %v failed", got)
				if even := int(got)%2 == 0; even != failed || !even && err != nil {
					t.Errorf("scrape %v says %v", got, err)
				}
			}
		}()
	}
	all.Wait()
}

func TestASnapshotIsThereBesideWhatCollectorsDidWrong(t *testing.T) {
	r := tykmetrics.NewRegistry()
	r.MustNewGauge(tykmetrics.GaugeOpts{Name: "g"}).Set(1)
	r.MustRegister(several(func(chan<- tykmetrics.Metric) { panic("no disk") }))
	s, err := r.Snapshot()
	if s == nil || s.Family("g") == nil || err == nil || !strings.Contains(err.Error(), "no disk") {
		t.Errorf("%v, %v", s, err)
	}
	// A render in a collector of another registry is a scrape of its own.
	outer := tykmetrics.NewRegistry()
	outer.MustRegister(several(func(chan<- tykmetrics.Metric) { _ = r.Render(io.Discard, "text") }))
	if err := outer.Render(io.Discard, "text"); err != nil {
		t.Errorf("%v", err)
	}
	w := httptest.NewRecorder()
	tykmetrics.HandlerFor(outer, tykmetrics.HandlerOpts{}).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if w.Code != 200 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestAFunctionThatReachesItsRegistryIsCollectedWithIt(t *testing.T) {
	gone := make(chan string, 2)
	func() {
		for _, kind := range []string{"gauge", "counter"} {
			r := tykmetrics.NewRegistry()
			big := new([1 << 20]byte)
			runtime.AddCleanup(big, func(kind string) { gone <- kind }, kind)
			fn := func() float64 {
				n, _ := r.SeriesCount()
				return float64(n) + 1 + float64(big[0])
			}
			if kind == "gauge" {
				r.MustRegister(tykmetrics.NewGaugeFunc(tykmetrics.GaugeOpts{Name: "g"}, fn))
			} else {
				r.MustRegister(tykmetrics.NewCounterFunc(tykmetrics.CounterOpts{Name: "c_total"}, fn))
			}
			runtime.GC()
			if got := text(t, r); !strings.Contains(got, " 1\n") {
				t.Errorf("%s", got)
			}
		}
	}()
	deadline := time.After(time.Minute)
	for range 2 {
	again:
		runtime.GC()
		select {
		case <-gone:
		case <-time.After(10 * time.Millisecond):
			goto again
		case <-deadline:
			t.Fatal("what a function holds is kept for ever")
		}
	}
}

func TestWrappedMetricsShowAllThatTheyAre(t *testing.T) {
	r := tykmetrics.NewRegistry()
	wrapping := tykmetrics.WrapRegistererWith(tykmetrics.Labels{"zone": "eu"}, r)
	info := tykmetrics.NewInfo(tykmetrics.InfoOpts{Name: "build"})
	states := tykmetrics.NewStateSet(tykmetrics.StateSetOpts{Opts: tykmetrics.Opts{Name: "phase"}, States: []string{"on", "off"}})
	count := tykmetrics.NewCounter(tykmetrics.CounterOpts{Name: "c_total"})
	level := tykmetrics.NewUpDown(tykmetrics.UpDownOpts{Name: "level"})
	vec := tykmetrics.NewInfoVec(tykmetrics.InfoOpts{Name: "part_info"}, []string{"part"})
	wrapping.MustRegister(info, states, count, level, vec)
	if err := errors.Join(info.Set(tykmetrics.Label{Name: "version", Value: "1"}), states.Enter("off")); err != nil {
		t.Fatal(err)
	}
	count.(tykmetrics.ExemplarAdder).AddWithExemplar(2, tykmetrics.Labels{"trace": "abc"})
	level.Add(-3)
	vec.WithLabelValues("engine")
	shows(t, r,
		"# TYPE build_info gauge", `build_info{version="1",zone="eu"} 1`,
		"# TYPE phase gauge", `phase{zone="eu",phase="on"} 0`, `phase{zone="eu",phase="off"} 1`,
		"# TYPE c_total counter", `c_total{zone="eu"} 2`,
		"# TYPE level gauge", `level{zone="eu"} -3`,
		"# TYPE part_info gauge", `part_info{part="engine",zone="eu"} 1`)
	s, err := r.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	one := s.Family("c_total").Find(tykmetrics.Labels{"zone": "eu"})
	if len(one.Exemplars) != 1 || one.Exemplars[0].Value != 2 || one.Created.IsZero() {
		t.Errorf("%+v", one)
	}
	if sample, err := tykmetrics.Read(info); err != nil || sample.Value != 1 {
		t.Errorf("%+v, %v", sample, err)
	}
}

func TestABucketOfInfinityIsTheCount(t *testing.T) {
	r := tykmetrics.NewRegistry()
	inf := map[float64]uint64{1: 2, math.Inf(1): 3}
	r.MustRegister(sends(tykmetrics.MustNewConstHistogram(tykmetrics.NewDesc("h", "", nil, nil), 3, 4, inf)))
	shows(t, r, "# TYPE h histogram", `h_bucket{le="1"} 2`, `h_bucket{le="+Inf"} 3`, "h_sum 4", "h_count 3")
}

func TestNoShardIsTheCommonWay(t *testing.T) {
	r := tykmetrics.NewRegistry()
	c, h := r.MustNewCounter(tykmetrics.CounterOpts{Name: "c_total"}), r.MustNewSummary(tykmetrics.SummaryOpts{Name: "s"})
	for _, shard := range []*tykmetrics.Shard{nil, {}} {
		c.AddOn(shard, 2)
		h.ObserveOn(shard, 3)
		shard.Release()
	}
	shows(t, r, "# TYPE c_total counter", "c_total 4", "# TYPE s summary", "s_sum 6", "s_count 2")
}

func TestTheDifferenceToNothingIsAll(t *testing.T) {
	r := tykmetrics.NewRegistry()
	r.MustNewCounter(tykmetrics.CounterOpts{Name: "c_total"}).Inc()
	s, err := r.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	if all, err := s.Delta(nil); err != nil || all != s {
		t.Errorf("%v, %v", all, err)
	}
}

func TestNamesThatAFormatShowsAlikeConflict(t *testing.T) {
	r := tykmetrics.NewRegistry()
	r.MustRegister(tykmetrics.NewGauge(tykmetrics.GaugeOpts{Name: "jobs"}))
	if err := r.Register(tykmetrics.NewCounter(tykmetrics.CounterOpts{Name: "jobs_total"})); !errors.Is(err, tykmetrics.Conflict) {
		t.Errorf("%v", err)
	}
}
