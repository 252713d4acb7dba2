package nethttp_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"

	"github.com/tykmetrics/tykmetrics/bindings-go"
	"github.com/tykmetrics/tykmetrics/bindings-go/nethttp"
)

func Example() {
	registry := tykmetrics.NewRegistry()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /users/{id}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "hello %s", r.PathValue("id"))
	})
	handler := nethttp.Middleware(nethttp.WithRegistry(registry))(mux)

	handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/users/7", nil))
	show(registry, "http_requests_total{")
	// Output:
	// http_requests_total{method="GET",route="/users/{id}",status="200"} 1
}

// GoTrack calls its metrics, and what we call a route, by names of its own.
func Example_names() {
	registry := tykmetrics.NewRegistry()
	middleware := nethttp.Middleware(
		nethttp.WithRegistry(registry),
		nethttp.WithNamespace("gotrack"),
		nethttp.WithNames(nethttp.Names{
			Duration:    "http_duration_seconds",
			RequestSize: nethttp.Off, ResponseSize: nethttp.Off, Aborted: nethttp.Off, InFlight: nethttp.Off,
		}),
		nethttp.WithLabels(nethttp.Labels{Route: "endpoint"}),
		nethttp.WithBuckets([]float64{0.1, 1}),
	)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /collect", func(http.ResponseWriter, *http.Request) {})

	middleware(mux).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", "/collect", nil))
	show(registry, "gotrack_http_requests_total{", "gotrack_http_duration_seconds_count{")
	// Output:
	// gotrack_http_requests_total{method="POST",endpoint="/collect",status="200"} 1
	// gotrack_http_duration_seconds_count{method="POST",endpoint="/collect"} 1
}

// show prints the samples that begin so.
func show(registry *tykmetrics.Registry, prefixes ...string) {
	var text strings.Builder
	if err := registry.Render(&text, "text"); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	for line := range strings.Lines(text.String()) {
		for _, prefix := range prefixes {
			if strings.HasPrefix(line, prefix) {
				fmt.Print(line)
			}
		}
	}
}
