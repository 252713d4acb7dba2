package nethttp_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/tykmetrics/tykmetrics/bindings-go"
	"github.com/tykmetrics/tykmetrics/bindings-go/nethttp"
)

func TestARouteIsKnownThoughTheRequestIsCopied(t *testing.T) {
	type key struct{}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /users/{id}", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET /panics", func(http.ResponseWriter, *http.Request) { panic("as asked") })
	registry := tykmetrics.NewRegistry()
	routed := nethttp.Routed(mux)
	handler := nethttp.Middleware(nethttp.WithRegistry(registry))(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		routed.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), key{}, "copied")))
	}))
	for _, path := range []string{"/users/7", "/nowhere", "/panics"} {
		func() {
			defer func() { _ = recover() }()
			handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, path, nil))
		}()
	}
	for route, status := range map[string]string{"/users/{id}": "200", nethttp.Unmatched: "404", "/panics": "500"} {
		if got := value(t, registry, fmt.Sprintf(`http_requests_total{method="GET",route="%s",status="%s"}`, route, status)); got != "1" {
			t.Errorf("%s is counted %q times", route, got)
		}
	}
}

func TestAWriterThatIsKeptReachesNoOtherRequest(t *testing.T) {
	var kept http.ResponseWriter
	handler := nethttp.Middleware(nethttp.WithRegistry(tykmetrics.NewRegistry()))(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if kept == nil {
			kept = w
			return
		}
		_, _ = kept.Write([]byte("late"))
		_, _ = w.Write([]byte("mine"))
	}))
	for i := range 100 {
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/", nil))
		if i > 0 && answer.Body.String() != "mine" {
			t.Fatalf("request %d is answered %q", i, answer.Body)
		}
	}
}
