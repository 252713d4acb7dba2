package suite

import (
	"net"
	"net/http"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

func clientGolang() [9]func(*testing.B) {
	counter := prometheus.NewCounter(prometheus.CounterOpts{Name: "events_total", Help: "Events."})
	histogram := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "latency_seconds", Help: "Latency."})
	vec := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "requests_total", Help: "Requests."}, labelNames)
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
			scrape(b, promhttp.HandlerFor(clientMany(), promhttp.HandlerOpts{}))
		},
		func(b *testing.B) { served(b, clientServer(b), false) },
		func(b *testing.B) { served(b, clientServer(b), true) },
	}
}

// clientNative is client_golang's histogram with native buckets alone, at the factor
// that has about as many as ours.
func clientNative() [9]func(*testing.B) {
	histogram := prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "latency_seconds", Help: "Latency.",
		// Schema 3: buckets grow by 2^(1/8).
		NativeHistogramBucketFactor: 1.1,
	})
	return [9]func(*testing.B){
		2: func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; i < b.N; i++ {
				histogram.Observe(values[i%len(values)])
			}
		},
		3: func(b *testing.B) {
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for i := 0; pb.Next(); i++ {
					histogram.Observe(values[i%len(values)])
				}
			})
		},
	}
}

var clientMany = sync.OnceValue(func() *prometheus.Registry {
	registry := prometheus.NewRegistry()
	vec := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "many_total", Help: "Many."}, manyNames)
	registry.MustRegister(vec)
	many(func(api, method, status string) { vec.WithLabelValues(api, method, status).Inc() })
	return registry
})

var clientServed = sync.OnceValues(func() (net.Listener, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err == nil {
		mux := http.NewServeMux()
		mux.Handle("/metrics", promhttp.HandlerFor(clientMany(), promhttp.HandlerOpts{}))
		// Until the program ends.
		go func() { _ = http.Serve(listener, mux) }()
	}
	return listener, err
})

// clientServer is where net/http serves promhttp's handler.
func clientServer(b *testing.B) string {
	b.Helper()
	listener, err := clientServed()
	if err != nil {
		b.Fatal(err)
	}
	return listener.Addr().String()
}
