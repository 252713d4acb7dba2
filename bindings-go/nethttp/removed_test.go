package nethttp_test

import (
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"
	"time"

	"github.com/tykmetrics/tykmetrics/bindings-go"
	"github.com/tykmetrics/tykmetrics/bindings-go/nethttp"
)

func requested(handler http.Handler) {
	handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
}

func sum(t *testing.T, registry *tykmetrics.Registry, family string) float64 {
	t.Helper()
	snapshot, err := registry.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	of := snapshot.Family(family)
	if of == nil || len(of.Series) != 1 {
		t.Fatalf("%s is %v", family, of)
	}
	if of.Kind == tykmetrics.KindHistogram {
		return float64(of.Series[0].Count)
	}
	return of.Series[0].Value
}

func TestRequestsCountAfterTheSeriesWereRemoved(t *testing.T) {
	registry := tykmetrics.NewRegistry()
	total := registry.MustNewCounterVec(tykmetrics.CounterOpts{Name: "http_requests_total", Help: "Finished HTTP requests."},
		[]string{"method", "route", "status"})
	handler := nethttp.Middleware(nethttp.WithRegistry(registry))(http.NotFoundHandler())
	seconds, err := tykmetrics.RegisterOr(registry, tykmetrics.NewHistogramVec(tykmetrics.HistogramOpts{
		Name: "http_request_duration_seconds", Help: "Seconds that HTTP requests took."}, []string{"method", "route"}))
	if err != nil {
		t.Fatal(err)
	}
	requested(handler)
	total.Reset()
	seconds.Reset()
	requested(handler)
	requested(handler)
	if n := sum(t, registry, "http_requests_total"); n != 2 {
		t.Errorf("%v requests are counted", n)
	}
	if n := sum(t, registry, "http_request_duration_seconds"); n != 2 {
		t.Errorf("%v durations are counted", n)
	}
}

func TestSeriesOfRequestsExpireIfTheFamilySaysSo(t *testing.T) {
	registry := tykmetrics.NewRegistry()
	total := registry.MustNewCounterVec(tykmetrics.CounterOpts{
		Name: "http_requests_total", Help: "Finished HTTP requests.", ExpireAfter: time.Millisecond,
	}, []string{"method", "route", "status"})
	handler := nethttp.Middleware(nethttp.WithRegistry(registry))(http.NotFoundHandler())
	// It holds what it keeps.
	defer runtime.KeepAlive(handler)
	requested(handler)
	for range 1000 {
		runtime.GC()
		time.Sleep(5 * time.Millisecond)
		if err := registry.Upkeep(); err != nil {
			t.Fatal(err)
		}
		if total.Len() == 0 {
			return
		}
	}
	t.Errorf("there are still %d series", total.Len())
}
