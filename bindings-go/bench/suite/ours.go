package suite

import (
	"strings"
	"sync"
	"testing"

	"github.com/tykmetrics/tykmetrics/bindings-go"
	"github.com/tykmetrics/tykmetrics/bindings-go/promhttp"
)

func ours() [9]func(*testing.B) {
	registry := tykmetrics.NewRegistry()
	counter := tykmetrics.NewCounter(tykmetrics.CounterOpts{Name: "events_total", Help: "Events."})
	// Classic and native buckets from one record.
	histogram := tykmetrics.NewHistogram(tykmetrics.HistogramOpts{Name: "latency_seconds", Help: "Latency."})
	vec := tykmetrics.NewCounterVec(tykmetrics.CounterOpts{Name: "requests_total", Help: "Requests."}, labelNames)
	registry.MustRegister(counter, histogram, vec)
	return [9]func(*testing.B){
		func(b *testing.B) {
			b.ReportAllocs()
			for range b.N {
				counter.Inc()
			}
		},
		func(b *testing.B) {
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					counter.Inc()
				}
			})
		},
		func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; i < b.N; i++ {
				histogram.Observe(values[i%len(values)])
			}
		},
		func(b *testing.B) {
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for i := 0; pb.Next(); i++ {
					histogram.Observe(values[i%len(values)])
				}
			})
		},
		func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; i < b.N; i++ {
				s := &sets[i%len(sets)]
				vec.WithLabelValues(s[0], s[1], s[2]).Inc()
			}
		},
		func(b *testing.B) {
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for i := 0; pb.Next(); i++ {
					s := &sets[i%len(sets)]
					vec.WithLabelValues(s[0], s[1], s[2]).Inc()
				}
			})
		},
		func(b *testing.B) {
			scrape(b, promhttp.HandlerFor(oursMany(), promhttp.HandlerOpts{}))
		},
		func(b *testing.B) { served(b, oursServer(b), false) },
		func(b *testing.B) { served(b, oursServer(b), true) },
	}
}

var oursMany = sync.OnceValue(func() *tykmetrics.Registry {
	registry := tykmetrics.NewRegistry()
	vec := tykmetrics.NewCounterVec(tykmetrics.CounterOpts{
		Name: "many_total", Help: "Many.",
		// The default is 10,000 series.
		Limit: 100_000,
	}, manyNames)
	registry.MustRegister(vec)
	many(func(api, method, status string) { vec.WithLabelValues(api, method, status).Inc() })
	return registry
})

var oursServed = sync.OnceValues(func() (*tykmetrics.Server, error) {
	return tykmetrics.Serve(tykmetrics.ServerConfig{Registry: oursMany(), Listen: "127.0.0.1:0"})
})

// oursServer is where the engine's own server is.
func oursServer(b *testing.B) string {
	b.Helper()
	server, err := oursServed()
	if err != nil {
		b.Fatal(err)
	}
	return strings.TrimPrefix(server.URL(), "http://")
}
