// Package suite is the work that tykmetrics and its peers do side by side: one
// file per contender, each with the same jobs, each with its own inner loop as its
// documentation teaches it. The benchmarks of this module and the program
// compare run it.
package suite

import (
	"net/http"
	"testing"
)

// Case is one job done by one contender.
type Case struct {
	Job, Side string
	Run       func(*testing.B)
}

// The contenders.
const (
	Ours         = "tykmetrics"
	ClientGolang = "client_golang"
	ClientNative = "client_golang native"
	Victoria     = "VictoriaMetrics"
	// Limit is a bare loop: of one, an empty method; of all processors, an atomic add.
	Limit = "limit"
)

// The jobs, in the order in which they are shown.
var Jobs = []string{
	"counter, alone", "counter, all processors",
	"histogram, alone", "histogram, all processors",
	"3 labels and inc, alone", "3 labels and inc, all processors",
	"scrape of 100,000 counters",
}

// Cases are all jobs of all contenders, job by job.
func Cases() []Case {
	var all []Case
	for i, job := range Jobs {
		for _, side := range []struct {
			name string
			runs [7]func(*testing.B)
		}{
			{Ours, ours()}, {ClientGolang, clientGolang()}, {ClientNative, clientNative()}, {Victoria, victoria()}, {Limit, limits()},
		} {
			if side.runs[i] != nil {
				all = append(all, Case{job, side.name, side.runs[i]})
			}
		}
	}
	return all
}

// scrape serves a request of a scraper that does not compress, and throws the
// answer away.
func scrape(b *testing.B, handler http.Handler) {
	b.Helper()
	request, err := http.NewRequest(http.MethodGet, "/metrics", nil)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		to := discard{header: http.Header{}}
		handler.ServeHTTP(&to, request)
		// 100,000 lines are more than 32 bytes each.
		if to.bytes < 3_200_000 {
			b.Fatalf("the answer has only %d bytes", to.bytes)
		}
	}
}

type discard struct {
	header http.Header
	bytes  int
}

func (d *discard) Header() http.Header { return d.header }
func (d *discard) WriteHeader(int)     {}
func (d *discard) Write(b []byte) (int, error) {
	d.bytes += len(b)
	return len(b), nil
}
