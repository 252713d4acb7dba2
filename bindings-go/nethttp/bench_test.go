package nethttp_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/tykmetrics/tykmetrics/bindings-go"
	"github.com/tykmetrics/tykmetrics/bindings-go/nethttp"
)

// The difference of the two is what a request's metrics cost.
func BenchmarkRequest(b *testing.B) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /users/{id}", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	for name, handler := range map[string]http.Handler{
		"bare":     mux,
		"measured": nethttp.Middleware(nethttp.WithRegistry(tykmetrics.NewRegistry()))(mux),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/users/7", nil)
			for range b.N {
				handler.ServeHTTP(w, r)
			}
		})
	}
}
