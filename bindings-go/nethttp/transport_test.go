package nethttp_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tykmetrics/tykmetrics/bindings-go"
	"github.com/tykmetrics/tykmetrics/bindings-go/nethttp"
)

func urlOf(i int) *url.URL { return &url.URL{Path: "/users/" + strconv.Itoa(i)} }

func TestAClientsRequestsAreCounted(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/slow":
			<-release
		case "/missing":
			w.WriteHeader(http.StatusNotFound)
		default:
			_, _ = io.Copy(w, r.Body)
		}
	}))
	defer server.Close()
	defer close(release)

	registry := tykmetrics.NewRegistry()
	client := &http.Client{Transport: nethttp.Transport(nil, nethttp.WithRegistry(registry),
		nethttp.WithRoute(func(*http.Request) string { return "backend" }))}
	send := func(ctx context.Context, path string) error {
		request, err := http.NewRequestWithContext(ctx, "POST", server.URL+path, strings.NewReader("12345"))
		if err != nil {
			t.Fatal(err)
		}
		answer, err := client.Do(request)
		if err == nil {
			_, _ = io.Copy(io.Discard, answer.Body)
			_ = answer.Body.Close()
		}
		return err
	}
	always := context.Background()
	if err := errors.Join(send(always, "/"), send(always, "/missing")); err != nil {
		t.Fatal(err)
	}
	short, cancel := context.WithTimeout(always, time.Millisecond)
	defer cancel()
	gone, leave := context.WithCancel(always)
	leave()
	if send(short, "/slow") == nil || send(gone, "/slow") == nil {
		t.Fatal("there was an answer")
	}
	server.Listener.Close()
	client.CloseIdleConnections()
	if send(always, "/") == nil {
		t.Fatal("a server that is closed answers")
	}
	for sample, want := range map[string]string{
		`http_client_requests_total{method="POST",route="backend",status="200"}`:      "1",
		`http_client_requests_total{method="POST",route="backend",status="404"}`:      "1",
		`http_client_requests_total{method="POST",route="backend",status="timeout"}`:  "1",
		`http_client_requests_total{method="POST",route="backend",status="canceled"}`: "1",
		`http_client_requests_total{method="POST",route="backend",status="error"}`:    "1",
		`http_client_requests_aborted_total{method="POST",route="backend"}`:           "1",
		`http_client_request_duration_seconds_count{method="POST",route="backend"}`:   "5",
		`http_client_request_size_bytes_sum{method="POST",route="backend"}`:           "25",
		`http_client_response_size_bytes_sum{method="POST",route="backend"}`:          "5",
		`http_client_requests_in_flight`:                                              "0",
	} {
		if got := value(t, registry, sample); got != want {
			t.Errorf("%s is %q, not %q", sample, got, want)
		}
	}
}
