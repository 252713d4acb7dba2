package promhttp_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/tykmetrics/tykmetrics/bindings-go"
	"github.com/tykmetrics/tykmetrics/bindings-go/promhttp"
)

func Example() {
	registry := tykmetrics.NewRegistry()
	requests := tykmetrics.NewCounterVec(
		tykmetrics.CounterOpts{Name: "api_requests_total", Help: "Requests."},
		[]string{"code", "method"},
	)
	registry.MustRegister(requests)
	hello := promhttp.InstrumentHandlerCounter(requests, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "hello")
	}))
	hello.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))

	scrape := httptest.NewRecorder()
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(scrape, httptest.NewRequest("GET", "/metrics", nil))
	for line := range strings.Lines(scrape.Body.String()) {
		if strings.HasPrefix(line, "api_") {
			fmt.Print(line)
		}
	}
	// Output:
	// api_requests_total{code="200",method="get"} 1
}
