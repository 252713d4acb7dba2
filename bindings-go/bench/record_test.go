// Package bench measures records beside a bare atomic add and client_golang, in one run.
//
//	go test -bench . -count 6 | benchstat -col /of -
package bench

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	tykmetrics "github.com/tykmetrics/tykmetrics/bindings-go"
)

// What is measured goes through an interface, as in a program that was written against client_golang.
type incrementer interface{ Inc() }

type observer interface{ Observe(float64) }

type bare struct{ n atomic.Uint64 }

func (b *bare) Inc() { b.n.Add(1) }

// both runs f alone and on all processors.
func both(b *testing.B, of string, f func()) {
	b.Run("of="+of+"/alone", func(b *testing.B) {
		b.ReportAllocs()
		for range b.N {
			f()
		}
	})
	b.Run("of="+of+"/together", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				f()
			}
		})
	})
}

func counter(b *testing.B, of string, c incrementer) {
	b.Run("of="+of+"/alone", func(b *testing.B) {
		b.ReportAllocs()
		for range b.N {
			c.Inc()
		}
	})
	b.Run("of="+of+"/together", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				c.Inc()
			}
		})
	})
}

func histogram(b *testing.B, of string, h observer) {
	// Values over all of the default buckets; 64 of them, so that the index is a mask.
	var values [64]float64
	for i := range values {
		values[i] = 0.0004 * float64(i*i+1)
	}
	b.Run("of="+of+"/alone", func(b *testing.B) {
		b.ReportAllocs()
		for i := range b.N {
			h.Observe(values[i&63])
		}
	})
	b.Run("of="+of+"/together", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for i := 0; pb.Next(); i++ {
				h.Observe(values[i&63])
			}
		})
	})
}

func BenchmarkCounter(b *testing.B) {
	counter(b, "atomic", new(bare))
	counter(b, "client_golang", prometheus.NewCounter(prometheus.CounterOpts{Name: "c_total"}))
	counter(b, "tykmetrics", tykmetrics.NewCounter(tykmetrics.CounterOpts{Name: "c_total"}))
}

func BenchmarkCounterOnShard(b *testing.B) {
	c := tykmetrics.NewCounter(tykmetrics.CounterOpts{Name: "c_total"})
	shard, err := tykmetrics.OpenShard()
	if err != nil {
		b.Fatal(err)
	}
	defer shard.Release()
	for range b.N {
		c.AddOn(shard, 1)
	}
}

func BenchmarkUpDown(b *testing.B) {
	counter(b, "client_golang", prometheus.NewGauge(prometheus.GaugeOpts{Name: "g"}))
	counter(b, "tykmetrics", tykmetrics.NewUpDown(tykmetrics.UpDownOpts{Name: "g"}))
}

func BenchmarkGaugeAdd(b *testing.B) {
	counter(b, "client_golang", prometheus.NewGauge(prometheus.GaugeOpts{Name: "g"}))
	counter(b, "tykmetrics", tykmetrics.NewGauge(tykmetrics.GaugeOpts{Name: "g"}))
}

func BenchmarkHistogram(b *testing.B) {
	histogram(b, "client_golang", prometheus.NewHistogram(prometheus.HistogramOpts{Name: "h"}))
	histogram(b, "client_golang_native", prometheus.NewHistogram(prometheus.HistogramOpts{Name: "h", NativeHistogramBucketFactor: 1.1}))
	histogram(b, "tykmetrics", tykmetrics.NewHistogram(tykmetrics.HistogramOpts{Name: "h"}))
}

var names = []string{"method", "path", "code"}

func BenchmarkWithLabelValues(b *testing.B) {
	theirs := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "v_total"}, names)
	ours := tykmetrics.NewCounterVec(tykmetrics.CounterOpts{Name: "v_total"}, names)
	both(b, "client_golang", func() { theirs.WithLabelValues("GET", "/api/users", "200").Inc() })
	both(b, "tykmetrics", func() { ours.WithLabelValues("GET", "/api/users", "200").Inc() })
}

func BenchmarkWith(b *testing.B) {
	theirs := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "v_total"}, names)
	ours := tykmetrics.NewCounterVec(tykmetrics.CounterOpts{Name: "v_total"}, names)
	labels := map[string]string{"method": "GET", "path": "/api/users", "code": "200"}
	both(b, "client_golang", func() { theirs.With(labels).Inc() })
	both(b, "tykmetrics", func() { ours.With(labels).Inc() })
}

func BenchmarkRecordRequest(b *testing.B) {
	both(b, "tykmetrics", func() { tykmetrics.RecordRequest("a1", "orders", "GET", 200, 12*time.Millisecond) })
}
