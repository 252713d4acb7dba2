package tykmetrics_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	tykmetrics "github.com/tykmetrics/tykmetrics/bindings-go"
)

// TestEveryValueIsInItsBucket compares with a count by the definition: a bucket holds what is at most its bound.
func TestEveryValueIsInItsBucket(t *testing.T) {
	shard, err := tykmetrics.OpenShard()
	if err != nil {
		t.Fatal(err)
	}
	defer shard.Release()
	random := rand.New(rand.NewPCG(1, 2))
	for name, bounds := range map[string][]float64{
		"the default": tykmetrics.DefBuckets,
		// Several in one 32nd of an octave, where one look in the table is not enough.
		"close":  {1, 1.001, 1.002, 1.003, 1.0031, 1.5, 3},
		"powers": {0.25, 0.5, 1, 2, 4},
		"wide":   {1e-9, 1, 1e9},
	} {
		for _, store := range []tykmetrics.Store{tykmetrics.StoreHDR, tykmetrics.StoreCompact} {
			r := tykmetrics.NewRegistry()
			h := r.MustNewHistogram(tykmetrics.HistogramOpts{Name: "h", Buckets: bounds, Store: store})
			var values []float64
			for _, bound := range bounds {
				values = append(values, bound, math.Nextafter(bound, 0), math.Nextafter(bound, math.Inf(1)))
			}
			values = append(values, 0, math.Copysign(0, -1), -1, -1e300, 1e300, 5e-324, math.MaxFloat64/4, math.NaN(), math.Inf(1), math.Inf(-1))
			for range 2000 {
				values = append(values, math.Exp(random.NormFloat64()*3), 1+random.Float64()/100)
			}
			want := make([]float64, len(bounds))
			var count float64
			for i, v := range values {
				if i%2 == 0 {
					h.Observe(v)
				} else {
					h.ObserveOn(shard, v)
				}
				if math.IsNaN(v) || math.IsInf(v, 0) {
					continue
				}
				count++
				for i, bound := range bounds {
					if v <= bound {
						want[i]++
					}
				}
			}
			got := scrape(t, r)
			for i, bound := range bounds {
				if sample := fmt.Sprintf(`h_bucket{le="%s"}`, number64(bound)); got[sample] != want[i] {
					t.Errorf("%s, store %d: %s is %v, wanted %v", name, store, sample, got[sample], want[i])
				}
			}
			if got["h_count"] != count {
				t.Errorf("%s, store %d: %v observations, wanted %v", name, store, got["h_count"], count)
			}
		}
	}
}

// number64 is a number as the text format has it here.
func number64(v float64) string { return fmt.Sprintf("%v", v) }
