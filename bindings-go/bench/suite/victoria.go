package suite

import (
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/VictoriaMetrics/metrics"
)

func victoria() [9]func(*testing.B) {
	set := metrics.NewSet()
	counter := set.NewCounter("events_total")
	histogram := set.NewHistogram("latency_seconds")
	// Labels are part of the name, which is made for every look.
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
				histogram.Update(values[i%len(values)])
			}
		},
		func(b *testing.B) {
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for i := 0; pb.Next(); i++ {
					histogram.Update(values[i%len(values)])
				}
			})
		},
		func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; i < b.N; i++ {
				s := &sets[i%len(sets)]
				set.GetOrCreateCounter(fmt.Sprintf("requests_total{method=%q,route=%q,status=%q}", s[0], s[1], s[2])).Inc()
			}
		},
		func(b *testing.B) {
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for i := 0; pb.Next(); i++ {
					s := &sets[i%len(sets)]
					set.GetOrCreateCounter(fmt.Sprintf("requests_total{method=%q,route=%q,status=%q}", s[0], s[1], s[2])).Inc()
				}
			})
		},
		func(b *testing.B) {
			scrape(b, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				victoriaMany().WritePrometheus(w)
			}))
		},
	}
}

var victoriaMany = sync.OnceValue(func() *metrics.Set {
	set := metrics.NewSet()
	many(func(api, method, status string) {
		set.GetOrCreateCounter(fmt.Sprintf("many_total{api=%q,method=%q,status=%q}", api, method, status)).Inc()
	})
	return set
})
