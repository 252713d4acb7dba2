// Package suite is the work that tykmetrics and its peers do side by side: one
// file per contender, each with the same jobs, each with its own inner loop as its
// documentation teaches it. The benchmarks of this module and the program
// compare run it.
package suite

import (
	"bufio"
	"io"
	"net"
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
	"scrape over loopback", "scrape over loopback, gzip",
}

// Cases are all jobs of all contenders, job by job.
func Cases() []Case {
	var all []Case
	for i, job := range Jobs {
		for _, side := range []struct {
			name string
			runs [9]func(*testing.B)
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

// served asks a server for 100,000 counters as a scraper does, on one connection,
// and throws away what comes, packed as it is.
func served(b *testing.B, addr string, gzip bool) {
	b.Helper()
	connection, err := net.Dial("tcp", addr)
	if err != nil {
		b.Fatal(err)
	}
	defer connection.Close()
	request, least := "GET /metrics HTTP/1.1\r\nHost: bench\r\n", int64(3_200_000)
	if gzip {
		// Packed, the lines are a few bytes each.
		request, least = request+"Accept-Encoding: gzip\r\n", 100_000
	}
	reader := bufio.NewReaderSize(connection, 64<<10)
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		if _, err := io.WriteString(connection, request+"\r\n"); err != nil {
			b.Fatal(err)
		}
		answer, err := http.ReadResponse(reader, nil)
		if err != nil {
			b.Fatal(err)
		}
		bytes, err := io.Copy(io.Discard, answer.Body)
		if err != nil || bytes < least || (answer.Header.Get("Content-Encoding") == "gzip") != gzip {
			b.Fatalf("the answer has only %d bytes, packed as %q (%v)", bytes, answer.Header.Get("Content-Encoding"), err)
		}
		_ = answer.Body.Close()
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
