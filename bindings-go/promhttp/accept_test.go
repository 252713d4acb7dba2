package promhttp_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tykmetrics/tykmetrics/bindings-go"
	"github.com/tykmetrics/tykmetrics/bindings-go/promhttp"
)

func TestOpenMetricsIsServedToThoseAloneWhoEnableIt(t *testing.T) {
	// What Prometheus 2 and 3 send.
	const two = "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4," +
		"text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
	const three = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6," +
		"application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4," +
		"text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
	registry := tykmetrics.NewRegistry()
	registry.MustNewCounter(tykmetrics.CounterOpts{Name: "requests"}).Inc()
	plain := promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
	enabled := promhttp.HandlerFor(registry, promhttp.HandlerOpts{EnableOpenMetrics: true})
	for _, c := range []struct {
		handler        http.Handler
		accept         string
		kind, contains string
	}{
		{plain, two, "text/plain; version=0.0.4", "\nrequests 1\n"},
		{plain, three, "text/plain; version=1.0.0", "\nrequests 1\n"},
		{plain, "application/openmetrics-text", "text/plain; version=0.0.4", "\nrequests 1\n"},
		{plain, "Application/OpenMetrics-Text; version=1.0.0", "text/plain; version=0.0.4", "\nrequests 1\n"},
		{plain, "application/*", "text/plain; version=0.0.4", "\nrequests 1\n"},
		{plain, "", "text/plain; version=0.0.4", "\nrequests 1\n"},
		{plain, "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.7," + two,
			"application/vnd.google.protobuf", "requests"},
		{enabled, two, "application/openmetrics-text; version=1.0.0", "\nrequests_total 1"},
		{tykmetrics.HandlerFor(registry, tykmetrics.HandlerOpts{}), two, "application/openmetrics-text; version=1.0.0", "\nrequests_total 1"},
	} {
		request := httptest.NewRequest(http.MethodGet, "/metrics", nil)
		request.Header.Set("Accept", c.accept)
		answer := httptest.NewRecorder()
		c.handler.ServeHTTP(answer, request)
		if kind := answer.Header().Get("Content-Type"); !strings.HasPrefix(kind, c.kind) {
			t.Errorf("%q gets %q, not %q", c.accept, kind, c.kind)
		}
		if !strings.Contains(answer.Body.String(), c.contains) {
			t.Errorf("%q gets\n%s", c.accept, answer.Body)
		}
		if got := request.Header.Get("Accept"); got != c.accept {
			t.Errorf("the request's header became %q", got)
		}
	}
}
