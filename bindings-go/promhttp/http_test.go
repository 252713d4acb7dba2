package promhttp_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tykmetrics/tykmetrics/bindings-go"
	"github.com/tykmetrics/tykmetrics/bindings-go/promhttp"
)

// scrape asks a handler over a socket, without the compression that a client adds by
// itself.
func scrape(t *testing.T, handler http.Handler, header map[string]string) (*http.Response, []byte) {
	t.Helper()
	server := httptest.NewServer(handler)
	defer server.Close()
	request, err := http.NewRequest("GET", server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range header {
		request.Header.Set(name, value)
	}
	transport := &http.Transport{DisableCompression: true}
	defer transport.CloseIdleConnections()
	answer, err := transport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, body
}

func one(t *testing.T) *tykmetrics.Registry {
	t.Helper()
	registry := tykmetrics.NewRegistry()
	counter := tykmetrics.NewCounter(tykmetrics.CounterOpts{Name: "one_total", Help: "One."})
	registry.MustRegister(counter)
	counter.Inc()
	return registry
}

func TestScrapesAreAnsweredAndCounted(t *testing.T) {
	registry := one(t)
	handler := promhttp.InstrumentMetricHandler(registry, promhttp.HandlerFor(registry, promhttp.HandlerOpts{
		ProcessStartTime: time.Unix(1_700_000_000, 0),
	}))
	answer, body := scrape(t, handler, nil)
	if answer.StatusCode != 200 || !strings.Contains(string(body), "\none_total 1\n") {
		t.Errorf("%s:\n%s", answer.Status, body)
	}
	if started := answer.Header.Get("Process-Start-Time-Unix"); started != "1700000000" {
		t.Errorf("the start is %q", started)
	}
	expect(t, registry,
		`promhttp_metric_handler_requests_total{code="200"} 1`,
		`promhttp_metric_handler_requests_total{code="503"} 0`,
		`promhttp_metric_handler_requests_in_flight 0`,
	)
	// A second handler shares the counters of the first.
	promhttp.InstrumentMetricHandler(registry, handler)
}

func TestOnlyOfferedCompressionsAreUsed(t *testing.T) {
	for name, c := range map[string]struct {
		opts promhttp.HandlerOpts
		want string
	}{
		"all":      {promhttp.HandlerOpts{}, "zstd"},
		"gzip":     {promhttp.HandlerOpts{OfferedCompressions: []promhttp.Compression{promhttp.Gzip}}, "gzip"},
		"identity": {promhttp.HandlerOpts{OfferedCompressions: []promhttp.Compression{promhttp.Identity}}, ""},
		"disabled": {promhttp.HandlerOpts{DisableCompression: true}, ""},
	} {
		answer, body := scrape(t, promhttp.HandlerFor(one(t), c.opts), map[string]string{"Accept-Encoding": "gzip;q=0.5, zstd"})
		if got := answer.Header.Get("Content-Encoding"); got != c.want {
			t.Errorf("%s: the encoding is %q", name, got)
		}
		if c.want == "gzip" {
			unpacked, err := gzip.NewReader(bytes.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			if body, err = io.ReadAll(unpacked); err != nil {
				t.Fatal(err)
			}
		}
		if c.want != "zstd" && !strings.Contains(string(body), "one_total 1") {
			t.Errorf("%s:\n%s", name, body)
		}
	}
}

// failing is a collector that has nothing to say.
type failing struct{ desc *tykmetrics.Desc }

func (f failing) Describe(out chan<- *tykmetrics.Desc) { out <- f.desc }
func (f failing) Collect(out chan<- tykmetrics.Metric) {
	out <- tykmetrics.NewInvalidMetric(f.desc, errors.New("nothing to say"))
}

func TestFailuresAreCountedLoggedAndHandled(t *testing.T) {
	for name, c := range map[string]struct {
		handling promhttp.HandlerErrorHandling
		status   int
	}{
		"error":    {promhttp.HTTPErrorOnError, 500},
		"continue": {promhttp.ContinueOnError, 200},
	} {
		registry, own := one(t), tykmetrics.NewRegistry()
		registry.MustRegister(failing{tykmetrics.NewDesc("failing", "Fails.", nil, nil)})
		var text bytes.Buffer
		handler := promhttp.HandlerFor(registry, promhttp.HandlerOpts{
			ErrorLog: log.New(&text, "", 0), ErrorHandling: c.handling, Registry: own,
		})
		answer, body := scrape(t, handler, nil)
		if answer.StatusCode != c.status {
			t.Errorf("%s: %s\n%s", name, answer.Status, body)
		}
		if !strings.Contains(text.String(), "nothing to say") {
			t.Errorf("%s: the log is %q", name, &text)
		}
		expect(t, own,
			`promhttp_metric_handler_errors_total{cause="gathering"} 1`,
			`promhttp_metric_handler_errors_total{cause="encoding"} 0`,
		)
	}
}

func TestAScrapeThatTakesTooLongIsAnswered(t *testing.T) {
	registry := one(t)
	hold, held := make(chan struct{}), make(chan struct{})
	registry.MustRegister(tykmetrics.NewGaugeFunc(tykmetrics.GaugeOpts{Name: "slow"}, func() float64 {
		close(held)
		<-hold
		return 1
	}))
	answer, body := scrape(t, promhttp.HandlerFor(registry, promhttp.HandlerOpts{Timeout: time.Millisecond}), nil)
	close(hold)
	<-held
	if answer.StatusCode != http.StatusServiceUnavailable || !strings.Contains(string(body), "1ms") {
		t.Errorf("%s: %s", answer.Status, body)
	}
}

func TestTheDefaultHandlerServesTheDefaultRegistry(t *testing.T) {
	answer, body := scrape(t, promhttp.Handler(), nil)
	if answer.StatusCode != 200 || !strings.Contains(string(body), "promhttp_metric_handler_requests_in_flight 1") {
		t.Errorf("%s:\n%s", answer.Status, body)
	}
}

// broken is the writer of a connection that is gone.
type broken struct{ http.ResponseWriter }

func (broken) Write([]byte) (int, error) { return 0, &net.OpError{Op: "write", Err: net.ErrClosed} }

func TestAConnectionThatBreaksIsAnErrorOfEncoding(t *testing.T) {
	own := tykmetrics.NewRegistry()
	handler := promhttp.HandlerFor(one(t), promhttp.HandlerOpts{Registry: own})
	handler.ServeHTTP(broken{httptest.NewRecorder()}, httptest.NewRequest("GET", "/metrics", nil))
	expect(t, own,
		`promhttp_metric_handler_errors_total{cause="gathering"} 0`,
		`promhttp_metric_handler_errors_total{cause="encoding"} 1`,
	)
}
