package tykprom_test

import (
	"fmt"
	"net/http/httptest"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/tykmetrics/tykmetrics/bindings-go"
	tykprom "github.com/tykmetrics/tykmetrics/bindings-go/integrations/clientgolang"
)

func Example() {
	ours := tykmetrics.NewRegistry()
	ours.MustNewCounter(tykmetrics.CounterOpts{Name: "new_total", Help: "Counted by tykmetrics."}).Inc()
	theirs := prometheus.NewRegistry()
	old := prometheus.NewCounter(prometheus.CounterOpts{Name: "old_total", Help: "Counted by client_golang."})
	theirs.MustRegister(old, tykprom.NewCollector(ours))

	scrape := httptest.NewRecorder()
	promhttp.HandlerFor(theirs, promhttp.HandlerOpts{}).ServeHTTP(scrape, httptest.NewRequest("GET", "/metrics", nil))
	show(scrape.Body.String())
	// Output:
	// new_total 1
	// old_total 0
}

func ExampleFromGatherer() {
	theirs := prometheus.NewRegistry()
	theirs.MustRegister(prometheus.NewCounter(prometheus.CounterOpts{Name: "old_total", Help: "Counted by client_golang."}))
	ours := tykmetrics.NewRegistry()
	ours.MustNewCounter(tykmetrics.CounterOpts{Name: "new_total", Help: "Counted by tykmetrics."}).Inc()
	ours.MustRegister(tykprom.FromGatherer(theirs))

	scrape := httptest.NewRecorder()
	tykmetrics.HandlerFor(ours, tykmetrics.HandlerOpts{}).ServeHTTP(scrape, httptest.NewRequest("GET", "/metrics", nil))
	show(scrape.Body.String())
	// Output:
	// new_total 1
	// old_total 0
}

// show prints the samples.
func show(text string) {
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "#") {
			fmt.Print(line)
		}
	}
}
