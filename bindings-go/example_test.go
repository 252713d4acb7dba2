package tykmetrics_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	tykmetrics "github.com/tykmetrics/tykmetrics/bindings-go"
)

func Example() {
	registry := tykmetrics.NewRegistry()
	requests := registry.MustNewCounterVec(tykmetrics.CounterOpts{
		Name: "http_requests_total",
		Help: "Requests served.",
	}, []string{"method", "code"})

	requests.WithLabelValues("GET", "200").Inc()
	requests.WithLabelValues("GET", "200").Inc()
	requests.WithLabelValues("POST", "500").Inc()

	if err := registry.Render(os.Stdout, "text"); err != nil {
		fmt.Println(err)
	}
	// Output:
	// # HELP http_requests_total Requests served.
	// # TYPE http_requests_total counter
	// http_requests_total{method="GET",code="200"} 2
	// http_requests_total{method="POST",code="500"} 1
}

func ExampleHandler() {
	tykmetrics.MustRegister(tykmetrics.NewGauge(tykmetrics.GaugeOpts{Name: "workers", Help: "Workers that run."}))
	http.Handle("/metrics", tykmetrics.Handler())
}

func ExampleHandlerFor() {
	registry := tykmetrics.NewRegistry()
	http.Handle("/internal/metrics", tykmetrics.HandlerFor(registry, tykmetrics.HandlerOpts{MaxRequestsInFlight: 2}))
}

func ExampleNewHistogram() {
	registry := tykmetrics.NewRegistry()
	sizes := tykmetrics.NewHistogram(tykmetrics.HistogramOpts{
		Name:    "response_bytes",
		Buckets: tykmetrics.ExponentialBuckets(1024, 16, 2),
	})
	registry.MustRegister(sizes)
	sizes.Observe(500)
	sizes.Observe(1024)
	sizes.Observe(1 << 20)
	if err := registry.Render(os.Stdout, "text"); err != nil {
		fmt.Println(err)
	}
	// Output:
	// # TYPE response_bytes histogram
	// response_bytes_bucket{le="1024"} 2
	// response_bytes_bucket{le="16384"} 2
	// response_bytes_bucket{le="+Inf"} 3
	// response_bytes_sum 1050100
	// response_bytes_count 3
}

func ExampleNewTimer() {
	seconds := tykmetrics.NewSummary(tykmetrics.SummaryOpts{
		Name:       "job_seconds",
		Objectives: map[float64]float64{0.5: 0.05, 0.99: 0.001},
	})
	work := func() {
		timer := tykmetrics.NewTimer(seconds)
		defer timer.ObserveDuration()
		// …
	}
	work()
	sample, err := tykmetrics.Read(seconds)
	fmt.Println(sample.Count, err)
	// Output: 1 <nil>
}

func ExampleNewUpDown() {
	registry := tykmetrics.NewRegistry()
	inFlight := registry.MustNewUpDown(tykmetrics.UpDownOpts{Name: "requests_in_flight"})
	inFlight.Inc()
	inFlight.Inc()
	inFlight.Dec()
	if err := registry.Render(os.Stdout, "text"); err != nil {
		fmt.Println(err)
	}
	// Output:
	// # TYPE requests_in_flight gauge
	// requests_in_flight 1
}

func ExampleCounterVec_CurryWith() {
	registry := tykmetrics.NewRegistry()
	requests := registry.MustNewCounterVec(tykmetrics.CounterOpts{Name: "requests_total"}, []string{"api", "code"})
	orders, err := requests.CurryWith(tykmetrics.Labels{"api": "orders"})
	if err != nil {
		fmt.Println(err)
		return
	}
	orders.WithLabelValues("200").Inc()
	fmt.Println(requests.Len())
	// Output: 1
}

func ExampleRegistry_Register() {
	registry := tykmetrics.NewRegistry()
	opts := tykmetrics.CounterOpts{Name: "logins_total"}
	registry.MustRegister(tykmetrics.NewCounter(opts))

	logins := tykmetrics.NewCounter(opts)
	var already tykmetrics.AlreadyRegisteredError
	if err := registry.Register(logins); errors.As(err, &already) {
		logins = already.ExistingCollector.(tykmetrics.Counter)
	}
	logins.Inc()
	sample, err := tykmetrics.Read(logins)
	fmt.Println(sample.Value, err)
	// Output: 1 <nil>
}

func ExampleError() {
	_, err := tykmetrics.NewRegistry().NewCounterVec(tykmetrics.CounterOpts{Name: "requests_total"}, []string{"code", "code"})
	fmt.Println(errors.Is(err, tykmetrics.InvalidLabel))
	// Output: true
}

func ExampleRecordRequest() {
	begin := time.Now()
	// … serve …
	tykmetrics.RecordRequest("a1", "orders", http.MethodGet, http.StatusOK, time.Since(begin))
}

func ExampleOpenShard() {
	registry := tykmetrics.NewRegistry()
	jobs := registry.MustNewCounter(tykmetrics.CounterOpts{Name: "jobs_total"})
	done := make(chan error)
	go func() {
		shard, err := tykmetrics.OpenShard()
		if err != nil {
			done <- err
			return
		}
		defer shard.Release()
		for range 1000 {
			jobs.AddOn(shard, 1)
		}
		done <- nil
	}()
	if err := <-done; err != nil {
		fmt.Println(err)
	}
	sample, err := tykmetrics.Read(jobs)
	fmt.Println(sample.Value, err)
	// Output: 1000 <nil>
}

func ExampleRegistry_Snapshot() {
	registry := tykmetrics.NewRegistry()
	jobs := registry.MustNewCounter(tykmetrics.CounterOpts{Name: "jobs_total"})
	jobs.Add(3)
	before, err := registry.Snapshot()
	if err != nil {
		fmt.Println(err)
		return
	}
	jobs.Add(2)
	after, err := registry.Snapshot()
	if err != nil {
		fmt.Println(err)
		return
	}
	delta, err := after.Delta(before)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(after.Family("jobs_total").Series[0].Value, delta.Family("jobs_total").Series[0].Value)
	// Output: 5 2
}

func ExampleInfo_Set() {
	registry := tykmetrics.NewRegistry()
	build := registry.MustNewInfo(tykmetrics.InfoOpts{Name: "build"})
	if err := build.Set(tykmetrics.Label{Name: "version", Value: "1.2.3"}); err != nil {
		fmt.Println(err)
	}
	states := registry.MustNewStateSet(tykmetrics.StateSetOpts{Opts: tykmetrics.Opts{Name: "breaker"}, States: []string{"closed", "open"}})
	if err := states.Enter("closed"); err != nil {
		fmt.Println(err)
	}
	if err := registry.Render(os.Stdout, "text"); err != nil {
		fmt.Println(err)
	}
	// Output:
	// # TYPE build_info gauge
	// build_info{version="1.2.3"} 1
	// # TYPE breaker gauge
	// breaker{breaker="closed"} 1
	// breaker{breaker="open"} 0
}

// A queue is a collector: it is asked for its numbers at every scrape.
type queue struct {
	length *tykmetrics.Desc
	jobs   []string
}

func (q *queue) Describe(to chan<- *tykmetrics.Desc) { to <- q.length }

func (q *queue) Collect(to chan<- tykmetrics.Metric) {
	to <- tykmetrics.MustNewConstMetric(q.length, tykmetrics.GaugeValue, float64(len(q.jobs)), "mail")
}

func ExampleCollector() {
	registry := tykmetrics.NewRegistry()
	registry.MustRegister(&queue{
		length: tykmetrics.NewDesc("queue_length", "Jobs that wait.", []string{"queue"}, nil),
		jobs:   []string{"a", "b"},
	})
	if err := registry.Render(os.Stdout, "text"); err != nil {
		fmt.Println(err)
	}
	// Output:
	// # HELP queue_length Jobs that wait.
	// # TYPE queue_length gauge
	// queue_length{queue="mail"} 2
}

func ExampleServe() {
	registry := tykmetrics.NewRegistry()
	registry.MustNewCounter(tykmetrics.CounterOpts{Name: "jobs_done_total"}).Add(2)
	server, err := tykmetrics.Serve(tykmetrics.ServerConfig{
		Registry: registry,
		Listen:   "127.0.0.1:0", // any port that is free
		Auth:     tykmetrics.ServerAuth{Bearer: "scrapers-only"},
	})
	if errors.Is(err, tykmetrics.Disabled) {
		return // the environment says so
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()

	request, _ := http.NewRequest(http.MethodGet, server.URL()+"/metrics", nil)
	request.Header.Set("Authorization", "Bearer scrapers-only")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer response.Body.Close()
	_, _ = io.Copy(os.Stdout, response.Body)
	// Output:
	// # TYPE jobs_done_total counter
	// jobs_done_total 2
}
