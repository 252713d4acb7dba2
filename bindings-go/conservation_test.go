package tykmetrics_test

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	tykmetrics "github.com/tykmetrics/tykmetrics/bindings-go"
)

// amount is a number of records that is kept small where they are slow.
func amount(n int) int {
	if testing.Short() || raceEnabled {
		return n / 20
	}
	return n
}

// scrape is the samples of a text rendering, by their name and labels.
func scrape(t testing.TB, r *tykmetrics.Registry) map[string]float64 {
	t.Helper()
	var text strings.Builder
	if err := r.Render(&text, "text"); err != nil {
		t.Fatal(err)
	}
	samples := map[string]float64{}
	for lines := bufio.NewScanner(strings.NewReader(text.String())); lines.Scan(); {
		if line := lines.Text(); !strings.HasPrefix(line, "#") {
			at := strings.LastIndexByte(line, ' ')
			value, err := strconv.ParseFloat(line[at+1:], 64)
			if err != nil {
				t.Fatalf("%v in %q", err, line)
			}
			samples[line[:at]] = value
		}
	}
	return samples
}

// disturb scrapes, changes GOMAXPROCS up and down and lets threads end until stop, and checks that nothing ever falls.
func disturb(t *testing.T, r *tykmetrics.Registry, stop <-chan struct{}, shrinks func(sample string) bool) *sync.WaitGroup {
	processors := runtime.GOMAXPROCS(0)
	var disturbers sync.WaitGroup
	disturbers.Add(3)
	until := func(do func()) {
		defer disturbers.Done()
		for {
			select {
			case <-stop:
				return
			default:
				do()
			}
		}
	}
	before := map[string]float64{}
	go until(func() {
		now := scrape(t, r)
		for sample, value := range before {
			if after, ok := now[sample]; !shrinks(sample) && (!ok || after < value) {
				t.Errorf("%s fell from %v to %v", sample, value, after)
			}
		}
		for sample, count := range now {
			if name, ok := strings.CutSuffix(sample, "_count"); ok && name != "seconds" && now[name+`_bucket{le="+Inf"}`] != count {
				t.Errorf("%s is %v, its +Inf bucket %v", sample, count, now[name+`_bucket{le="+Inf"}`])
			}
		}
		before = now
	})
	go until(func() { runtime.GOMAXPROCS(1 + rand.IntN(12)); runtime.Gosched() })
	go until(func() {
		ended := make(chan struct{})
		go func() {
			// A locked goroutine that ends takes its thread along.
			runtime.LockOSThread()
			defer close(ended)
			r.MustNewCounter(tykmetrics.CounterOpts{Name: "threads_total"}).Inc()
		}()
		<-ended
	})
	t.Cleanup(func() { runtime.GOMAXPROCS(processors) })
	return &disturbers
}

func TestNothingIsLostWhileScrapesRunAndThreadsComeAndGo(t *testing.T) {
	r := tykmetrics.NewRegistry()
	counter := r.MustNewCounter(tykmetrics.CounterOpts{Name: "kept_total"})
	fractions := r.MustNewCounter(tykmetrics.CounterOpts{Name: "fractions_total"})
	vec := r.MustNewCounterVec(tykmetrics.CounterOpts{Name: "looked_up_total"}, []string{"a", "b", "c"})
	inFlight := r.MustNewUpDown(tykmetrics.UpDownOpts{Name: "in_flight"})
	level := r.MustNewGauge(tykmetrics.GaugeOpts{Name: "level"})
	histogram := r.MustNewHistogram(tykmetrics.HistogramOpts{Name: "sizes", Buckets: []float64{1, 10, 100}})
	compact := r.MustNewHistogram(tykmetrics.HistogramOpts{Name: "compact", Buckets: []float64{1, 10, 100}, Store: tykmetrics.StoreCompact})
	summary := r.MustNewSummary(tykmetrics.SummaryOpts{Name: "seconds", Quantiles: []float64{0.5}})

	stop := make(chan struct{})
	disturbers := disturb(t, r, stop, func(sample string) bool {
		return sample == "in_flight" || sample == "level" || strings.Contains(sample, "quantile=")
	})
	const writers = 16
	each := amount(100000)
	var done sync.WaitGroup
	for w := range writers {
		done.Add(1)
		go func() {
			defer done.Done()
			if w%4 == 0 {
				// Its thread ends with it, while others write on.
				runtime.LockOSThread()
			}
			shard, err := tykmetrics.OpenShard()
			if err != nil {
				t.Error(err)
				return
			}
			defer shard.Release()
			labels := tykmetrics.Labels{"a": "x", "b": strconv.Itoa(w % 3), "c": "a value of more than sixteen bytes"}
			for i := range each {
				counter.Inc()
				counter.AddOn(shard, 2)
				fractions.Add(0.25)
				vec.WithLabelValues("x", strconv.Itoa(w%3), labels["c"]).Inc()
				vec.With(labels).Add(2)
				inFlight.Inc()
				inFlight.AddOn(shard, 4)
				inFlight.Add(-5)
				level.Inc()
				histogram.Observe(float64(i % 200))
				histogram.ObserveOn(shard, 4)
				compact.Observe(float64(i % 200))
				summary.Observe(2)
			}
		}()
	}
	done.Wait()
	close(stop)
	disturbers.Wait()

	n := float64(writers * each)
	got := scrape(t, r)
	var looked, observed float64
	for sample, value := range got {
		if strings.HasPrefix(sample, "looked_up_total") {
			looked += value
		}
	}
	for i := range each {
		observed += writers * float64(i%200)
	}
	for sample, want := range map[string]float64{
		"kept_total": 3 * n, "fractions_total": n / 4, "in_flight": 0, "level": n,
		"sizes_count": 2 * n, "sizes_sum": observed + 4*n, `sizes_bucket{le="+Inf"}`: 2 * n,
		"compact_count": n, "compact_sum": observed, "seconds_count": n, "seconds_sum": 2 * n,
	} {
		if got[sample] != want {
			t.Errorf("%s is %v, wanted %v", sample, got[sample], want)
		}
	}
	if looked != 3*n {
		t.Errorf("looked_up_total is %v over all series, wanted %v", looked, 3*n)
	}
}

func TestNothingIsLostInSeriesBeyondThePrivateOnes(t *testing.T) {
	r := tykmetrics.NewRegistry()
	counters := r.MustNewCounterVec(tykmetrics.CounterOpts{Name: "many_total"}, []string{"n"})
	ups := r.MustNewUpDownVec(tykmetrics.UpDownOpts{Name: "many_up"}, []string{"n"})
	histograms := r.MustNewHistogramVec(tykmetrics.HistogramOpts{Name: "sizes", Buckets: []float64{1}}, []string{"n"})
	// The first 512 series of a family (64 of a histogram's) have cells of every writer's; these do not.
	const series = 600
	for i := range series {
		counters.WithLabelValues(strconv.Itoa(i)).Inc()
		ups.WithLabelValues(strconv.Itoa(i)).Inc()
		histograms.WithLabelValues(strconv.Itoa(i)).Observe(2)
	}
	last := strconv.Itoa(series - 1)
	before := tykmetrics.NumberOf(counters.WithLabelValues(last))
	const writers = 8
	// Enough for the engine to see that the series is hot, which takes several times 2^14 adds between two scrapes.
	each := max(amount(100000), 40000)
	var done sync.WaitGroup
	for w := range writers {
		done.Add(1)
		go func() {
			defer done.Done()
			counter, up, histogram := counters.WithLabelValues(last), ups.WithLabelValues(last), histograms.WithLabelValues(last)
			for i := range each {
				counter.Inc()
				up.Add(3)
				up.Add(-2)
				histogram.Observe(2)
				if w == 0 && i == each/2 {
					// A scrape may promote what is hot, under the writers' feet.
					if err := r.Upkeep(); err != nil {
						t.Error(err)
					}
				}
			}
		}()
	}
	done.Wait()
	if err := r.Upkeep(); err != nil {
		t.Fatal(err)
	}
	// The others may have ended before the scrape in the middle, and what came after it was too little then: some more.
	counter, up, histogram := counters.WithLabelValues(last), ups.WithLabelValues(last), histograms.WithLabelValues(last)
	more := 0
	for more < 20*each && tykmetrics.NumberOf(counter) >= before {
		for range each {
			counter.Inc()
			up.Add(1)
			histogram.Observe(2)
		}
		more += each
		if err := r.Upkeep(); err != nil {
			t.Fatal(err)
		}
	}
	if after := tykmetrics.NumberOf(counter); after >= before {
		t.Errorf("the series is hot and still has the shared cell %d (it had %d)", after, before)
	}
	got := scrape(t, r)
	want := float64(writers*each + more + 1)
	for _, sample := range []string{"many_total{n=%q}", "many_up{n=%q}", "sizes_count{n=%q}", `sizes_bucket{n=%q,le="+Inf"}`} {
		if sample = fmt.Sprintf(sample, last); got[sample] != want {
			t.Errorf("%s is %v, wanted %v", sample, got[sample], want)
		}
	}
	if sum := got[fmt.Sprintf("sizes_sum{n=%q}", last)]; sum != 2*want {
		t.Errorf("the sum is %v, wanted %v", sum, 2*want)
	}
}

func TestProcessorsThatAreAddedLaterCount(t *testing.T) {
	processors := runtime.GOMAXPROCS(0)
	defer runtime.GOMAXPROCS(processors)
	r := tykmetrics.NewRegistry()
	c := r.MustNewCounter(tykmetrics.CounterOpts{Name: "c_total"})
	var want float64
	for _, n := range []int{1, 2, 32, 5, 64, 1} {
		runtime.GOMAXPROCS(n)
		var started atomic.Int32
		var done sync.WaitGroup
		for range 2 * n {
			done.Add(1)
			go func() {
				defer done.Done()
				// All run at once, so that they are on many processors.
				for started.Add(1); started.Load() < int32(n); runtime.Gosched() {
				}
				for range 1000 {
					c.Inc()
				}
			}()
		}
		done.Wait()
		want += float64(2 * n * 1000)
		if got := scrape(t, r)["c_total"]; got != want {
			t.Fatalf("with %d processors: %v, wanted %v", n, got, want)
		}
	}
}

func TestMoreThreadsThanHaveShards(t *testing.T) {
	r := tykmetrics.NewRegistry()
	c := r.MustNewCounter(tykmetrics.CounterOpts{Name: "c_total"})
	h := r.MustNewHistogram(tykmetrics.HistogramOpts{Name: "h", Buckets: []float64{1}})
	// Twice as many locked threads at once as may have a shard.
	n := 2 * max(8*runtime.NumCPU(), 64)
	var ready, done sync.WaitGroup
	ready.Add(n)
	done.Add(n)
	for range n {
		go func() {
			defer done.Done()
			runtime.LockOSThread() // and never unlocked: the thread ends
			c.Inc()
			h.Observe(2)
			ready.Done()
			ready.Wait()
			for range 100 {
				c.Inc()
				h.Observe(2)
			}
		}()
	}
	done.Wait()
	got, want := scrape(t, r), float64(101*n)
	if got["c_total"] != want || got["h_count"] != want || got["h_sum"] != 2*want {
		t.Errorf("%v, %v and %v, wanted %v", got["c_total"], got["h_count"], got["h_sum"], want)
	}
	// Threads that ended make room for others.
	for range 4 * n {
		done.Add(1)
		go func() {
			defer done.Done()
			runtime.LockOSThread()
			c.Inc()
		}()
		done.Wait()
	}
	if got := scrape(t, r)["c_total"]; got != want+float64(4*n) {
		t.Errorf("%v, wanted %v", got, want+float64(4*n))
	}
}
