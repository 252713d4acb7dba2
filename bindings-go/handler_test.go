package tykmetrics_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"sync"
	"testing"

	tykmetrics "github.com/tykmetrics/tykmetrics/bindings-go"
)

func served(t *testing.T, opts tykmetrics.HandlerOpts) (*tykmetrics.Registry, string) {
	t.Helper()
	r := tykmetrics.NewRegistry()
	r.MustNewCounter(tykmetrics.CounterOpts{Name: "c_total", Help: "Help."}).Add(3)
	server := httptest.NewServer(tykmetrics.HandlerFor(r, opts))
	t.Cleanup(server.Close)
	return r, server.URL
}

// ask sends a request whose response is not unpacked on the way.
func ask(t *testing.T, method, url string, header http.Header) (*http.Response, []byte) {
	t.Helper()
	request, err := http.NewRequest(method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if header != nil {
		request.Header = header
	}
	response, err := (&http.Transport{DisableCompression: true}).RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, body
}

const classic = "# HELP c_total Help.\n# TYPE c_total counter\nc_total 3\n"

func TestTheHandlerServesWhatIsAskedFor(t *testing.T) {
	_, url := served(t, tykmetrics.HandlerOpts{})
	for accept, want := range map[string]string{
		"":    "text/plain; version=0.0.4",
		"*/*": "text/plain; version=0.0.4",
		"application/openmetrics-text; version=1.0.0":                                                  "application/openmetrics-text; version=1.0.0",
		"application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited": "application/vnd.google.protobuf",
		"application/openmetrics-text;version=1.0.0;q=0.2,text/plain;version=0.0.4;q=0.9":              "text/plain; version=0.0.4",
		"application/json": "application/json",
		"nonsense;;q=x":    "text/plain; version=0.0.4",
	} {
		response, body := ask(t, http.MethodGet, url, http.Header{"Accept": {accept}})
		if got := response.Header.Get("Content-Type"); response.StatusCode != 200 || !strings.HasPrefix(got, want) {
			t.Errorf("Accept: %q is answered %d with %q, wanted %q", accept, response.StatusCode, got, want)
		}
		if want == "text/plain; version=0.0.4" && string(body) != classic {
			t.Errorf("Accept: %q is answered with\n%s", accept, body)
		}
		if vary := response.Header.Get("Vary"); !strings.Contains(vary, "Accept") || !strings.Contains(vary, "Accept-Encoding") {
			t.Errorf("Vary: %q", vary)
		}
	}
}

func TestTheHandlerCompresses(t *testing.T) {
	_, url := served(t, tykmetrics.HandlerOpts{})
	response, body := ask(t, http.MethodGet, url, http.Header{"Accept-Encoding": {"gzip"}})
	if response.Header.Get("Content-Encoding") != "gzip" {
		t.Fatalf("%v", response.Header)
	}
	unpacked, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(unpacked); err != nil || string(text) != classic {
		t.Errorf("%v, %s", err, text)
	}
	response, body = ask(t, http.MethodGet, url, http.Header{"Accept-Encoding": {"gzip;q=0.1, zstd"}})
	if response.Header.Get("Content-Encoding") != "zstd" {
		t.Fatalf("%v", response.Header)
	}
	// RFC 8878: the magic number of a frame.
	if !bytes.HasPrefix(body, []byte{0x28, 0xB5, 0x2F, 0xFD}) {
		t.Errorf("no zstd: %x", body)
	}
	if zstd, err := exec.LookPath("zstd"); err == nil {
		command := exec.Command(zstd, "-d", "-c")
		command.Stdin = bytes.NewReader(body)
		if text, err := command.Output(); err != nil || string(text) != classic {
			t.Errorf("%v, %s", err, text)
		}
	}
	_, url = served(t, tykmetrics.HandlerOpts{DisableCompression: true})
	response, body = ask(t, http.MethodGet, url, http.Header{"Accept-Encoding": {"gzip"}})
	if response.Header.Get("Content-Encoding") != "" || string(body) != classic {
		t.Errorf("%v, %s", response.Header, body)
	}
}

func TestTheHandlerKnowsItsMethods(t *testing.T) {
	_, url := served(t, tykmetrics.HandlerOpts{})
	response, body := ask(t, http.MethodHead, url, nil)
	if response.StatusCode != 200 || len(body) != 0 || response.ContentLength != int64(len(classic)) {
		t.Errorf("HEAD: %d, %q, length %d", response.StatusCode, body, response.ContentLength)
	}
	response, _ = ask(t, http.MethodPost, url, nil)
	if response.StatusCode != http.StatusMethodNotAllowed || response.Header.Get("Allow") != "GET, HEAD" {
		t.Errorf("POST: %d, %v", response.StatusCode, response.Header)
	}
}

func TestTheHandlerSaysWhatACollectorDidWrong(t *testing.T) {
	wrong := several(func(to chan<- tykmetrics.Metric) {
		to <- tykmetrics.NewInvalidMetric(tykmetrics.NewDesc("bad", "", nil, nil), errors.New("the disk is gone"))
	})
	var said bytes.Buffer
	r, url := served(t, tykmetrics.HandlerOpts{ErrorLog: log.New(&said, "", 0)})
	r.MustRegister(wrong)
	response, body := ask(t, http.MethodGet, url, http.Header{"Accept-Encoding": {"gzip"}})
	if response.StatusCode != 500 || !strings.Contains(string(body), "the disk is gone") || !strings.Contains(said.String(), "the disk is gone") {
		t.Errorf("%d %s; the log says %s", response.StatusCode, body, said.String())
	}
	if got := response.Header.Get("Content-Encoding"); got != "" {
		t.Errorf("the error is said to be %s", got)
	}
	r, url = served(t, tykmetrics.HandlerOpts{ErrorHandling: tykmetrics.ContinueOnError})
	r.MustRegister(wrong)
	if response, body := ask(t, http.MethodGet, url, nil); response.StatusCode != 200 || string(body) != classic {
		t.Errorf("%d %s", response.StatusCode, body)
	}
}

func TestTheHandlerBoundsItsRequests(t *testing.T) {
	r, url := served(t, tykmetrics.HandlerOpts{MaxRequestsInFlight: 1})
	asked, let := make(chan struct{}), make(chan struct{})
	r.MustRegister(several(func(chan<- tykmetrics.Metric) { asked <- struct{}{}; <-let }))
	var done sync.WaitGroup
	done.Add(1)
	go func() {
		defer done.Done()
		if response, _ := ask(t, http.MethodGet, url, nil); response.StatusCode != 200 {
			t.Errorf("the first: %d", response.StatusCode)
		}
	}()
	<-asked
	if response, _ := ask(t, http.MethodGet, url, nil); response.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("the second: %d", response.StatusCode)
	}
	close(let)
	done.Wait()
}

func TestTheDefaultHandlerServesTheDefaultRegistry(t *testing.T) {
	server := httptest.NewServer(tykmetrics.Handler())
	defer server.Close()
	tykmetrics.RecordRequest("a1", "orders", "GET", 200, 0)
	if _, body := ask(t, http.MethodGet, server.URL, nil); !strings.Contains(string(body), "tyk_gateway_gateway_requests_total{") || !strings.Contains(string(body), "go_goroutines") {
		t.Errorf("%s", body)
	}
}
