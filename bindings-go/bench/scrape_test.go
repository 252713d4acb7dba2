package bench

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	tykmetrics "github.com/tykmetrics/tykmetrics/bindings-go"
)

// sink is a ResponseWriter that counts.
type sink struct {
	header http.Header
	n      int
}

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) Write(p []byte) (int, error) { s.n += len(p); return len(p), nil }
func (s *sink) WriteHeader(int)             {}

const series = 100_000

func scrape(b *testing.B, handler http.Handler, encoding string) {
	request := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	if encoding != "" {
		request.Header.Set("Accept-Encoding", encoding)
	}
	b.ReportAllocs()
	for range b.N {
		w := &sink{header: http.Header{}}
		handler.ServeHTTP(w, request)
		if encoding == "" && w.n < series*20 {
			b.Fatalf("only %d bytes", w.n)
		}
	}
}

func BenchmarkScrape(b *testing.B) {
	theirs := prometheus.NewRegistry()
	theirVec := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "v_total", Help: "Help."}, names)
	theirs.MustRegister(theirVec)
	ours := tykmetrics.NewRegistry()
	ourVec := ours.MustNewCounterVec(tykmetrics.CounterOpts{Name: "v_total", Help: "Help.", Limit: series}, names)
	for i := range series {
		theirVec.WithLabelValues("GET", strconv.Itoa(i), "200").Add(float64(i))
		ourVec.WithLabelValues("GET", strconv.Itoa(i), "200").Add(float64(i))
	}
	for _, encoding := range []string{"", "gzip"} {
		b.Run("of=client_golang/encoding="+encoding, func(b *testing.B) { scrape(b, promhttp.HandlerFor(theirs, promhttp.HandlerOpts{}), encoding) })
		b.Run("of=tykmetrics/encoding="+encoding, func(b *testing.B) { scrape(b, tykmetrics.HandlerFor(ours, tykmetrics.HandlerOpts{}), encoding) })
	}
}
