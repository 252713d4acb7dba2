package tykmetrics_test

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	tykmetrics "github.com/tykmetrics/tykmetrics/bindings-go"
)

// What the README shows, from the first metric to the scrape.
func Example_quickStart() {
	registry := tykmetrics.NewRegistry() // or the package's own functions, as in client_golang
	requests := tykmetrics.NewCounterVec(tykmetrics.CounterOpts{
		Name: "http_requests_total",
		Help: "Requests answered",
	}, []string{"method", "status"})
	latency := tykmetrics.NewHistogram(tykmetrics.HistogramOpts{
		Name: "http_request_duration_seconds",
		Help: "Time to answer",
	})
	registry.MustRegister(requests, latency)

	// Where a route is set up: one series, to keep.
	ok := requests.WithLabelValues("GET", "200")

	// For each request. No crossing into C, no allocation.
	ok.Inc()
	latency.Observe(0.012)
	requests.WithLabelValues("POST", "500").Inc() // a lookup, where the labels are only known now

	// For a scraper: negotiated, compressed, rendered outside of Go's heap.
	http.Handle("/metrics", tykmetrics.HandlerFor(registry, tykmetrics.HandlerOpts{}))

	server := httptest.NewServer(http.DefaultServeMux)
	defer server.Close()
	answer, err := http.Get(server.URL + "/metrics")
	if err != nil {
		log.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		log.Fatal(err)
	}
	for _, line := range strings.Split(string(text), "\n") {
		if strings.HasPrefix(line, "http_requests_total{") || strings.Contains(line, "le=\"0.025\"") {
			fmt.Println(line)
		}
	}
	// Output:
	// http_requests_total{method="GET",status="200"} 1
	// http_requests_total{method="POST",status="500"} 1
	// http_request_duration_seconds_bucket{le="0.025"} 1
}
