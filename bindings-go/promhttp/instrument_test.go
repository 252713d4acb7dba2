package promhttp_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/tykmetrics/tykmetrics/bindings-go"
	"github.com/tykmetrics/tykmetrics/bindings-go/promhttp"
)

func rendered(t *testing.T, registry *tykmetrics.Registry, format string) string {
	t.Helper()
	var text strings.Builder
	if err := registry.Render(&text, format); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

func expect(t *testing.T, registry *tykmetrics.Registry, samples ...string) {
	t.Helper()
	text := rendered(t, registry, "text")
	for _, sample := range samples {
		if !strings.Contains(text, "\n"+sample+"\n") {
			t.Errorf("%s is not in\n%s", sample, text)
		}
	}
}

func panics(f func()) (value any) {
	defer func() { value = recover() }()
	f()
	return nil
}

func TestOnlyCodeAndMethodMayBeLeftToFillIn(t *testing.T) {
	for name, c := range map[string]struct {
		labels, constant, curried, dynamic []string
		ok                                 bool
	}{
		"none":                    {ok: true},
		"code":                    {labels: []string{"code"}, ok: true},
		"method":                  {labels: []string{"method"}, ok: true},
		"both":                    {labels: []string{"method", "code"}, ok: true},
		"all at once":             {[]string{"code", "method"}, []string{"foo"}, []string{"bar"}, []string{"baz"}, true},
		"another":                 {labels: []string{"foo"}},
		"another among them":      {labels: []string{"code", "foo", "method"}},
		"another curried":         {curried: []string{"foo"}, ok: true},
		"code constant":           {labels: []string{"method"}, constant: []string{"code"}, ok: true},
		"code curried":            {labels: []string{"method"}, curried: []string{"code"}, ok: true},
		"code dynamic":            {labels: []string{"method"}, dynamic: []string{"code"}, ok: true},
		"dynamic that is not one": {labels: nil, dynamic: nil, ok: true},
		"no label name":           {labels: []string{""}},
	} {
		constant, curried := tykmetrics.Labels{}, tykmetrics.Labels{}
		for _, l := range c.constant {
			constant[l] = "x"
		}
		for _, l := range c.curried {
			curried[l] = "x"
		}
		var options []promhttp.Option
		for _, l := range c.dynamic {
			options = append(options, promhttp.WithLabelFromCtx(l, func(context.Context) string { return "x" }))
		}
		all := append(append(append([]string{}, c.labels...), c.curried...), c.dynamic...)
		for kind, instrument := range map[string]func(){
			"a counter": func() {
				vec := tykmetrics.NewCounterVec(tykmetrics.CounterOpts{Name: "c", ConstLabels: constant}, all)
				promhttp.InstrumentHandlerCounter(vec.MustCurryWith(curried), nil, options...)
			},
			"a histogram": func() {
				vec := tykmetrics.NewHistogramVec(tykmetrics.HistogramOpts{Name: "h", ConstLabels: constant}, all)
				promhttp.InstrumentHandlerDuration(vec.MustCurryWith(curried), nil, options...)
			},
			"a summary": func() {
				vec := tykmetrics.NewSummaryVec(tykmetrics.SummaryOpts{Name: "s", ConstLabels: constant}, all)
				promhttp.InstrumentHandlerResponseSize(vec.MustCurryWith(curried), nil, options...)
			},
		} {
			if value := panics(instrument); (value == nil) != c.ok {
				t.Errorf("%s with %s: %v", kind, name, value)
			}
		}
	}
}

func TestAChainMeasuresEverything(t *testing.T) {
	registry := tykmetrics.NewRegistry()
	both, one := []string{"code", "method"}, []string{"method"}
	requests := tykmetrics.NewCounterVec(tykmetrics.CounterOpts{Name: "requests_total"}, both)
	duration := tykmetrics.NewHistogramVec(tykmetrics.HistogramOpts{Name: "duration_seconds"}, one)
	header := tykmetrics.NewHistogramVec(tykmetrics.HistogramOpts{Name: "header_seconds"}, both)
	sent := tykmetrics.NewSummaryVec(tykmetrics.SummaryOpts{Name: "sent_bytes"}, both)
	got := tykmetrics.NewHistogramVec(tykmetrics.HistogramOpts{Name: "got_bytes", Buckets: []float64{100, 1000}}, nil)
	inFlight := tykmetrics.NewGauge(tykmetrics.GaugeOpts{Name: "in_flight"})
	registry.MustRegister(requests, duration, header, sent, got, inFlight)

	var handler http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/missing" {
			w.WriteHeader(http.StatusNotFound)
		}
		_, _ = io.WriteString(w, "12345")
	})
	handler = promhttp.InstrumentHandlerResponseSize(sent, handler)
	handler = promhttp.InstrumentHandlerRequestSize(got, handler)
	handler = promhttp.InstrumentHandlerTimeToWriteHeader(header, handler)
	handler = promhttp.InstrumentHandlerDuration(duration, handler)
	handler = promhttp.InstrumentHandlerCounter(requests, handler, promhttp.WithExtraMethods("PURGE"))
	handler = promhttp.InstrumentHandlerInFlight(inFlight, handler)
	server := httptest.NewServer(handler)
	defer server.Close()
	for _, line := range [][2]string{{"GET", "/"}, {"GET", "/"}, {"POST", "/missing"}, {"PURGE", "/"}, {"BREW", "/"}} {
		request, err := http.NewRequest(line[0], server.URL+line[1], strings.NewReader("body"))
		if err != nil {
			t.Fatal(err)
		}
		answer, err := http.DefaultTransport.RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		_ = answer.Body.Close()
	}
	// Waits for the handlers.
	server.Close()
	expect(t, registry,
		`requests_total{code="200",method="get"} 2`,
		`requests_total{code="404",method="post"} 1`,
		`requests_total{code="200",method="purge"} 1`,
		`requests_total{code="200",method="unknown"} 1`,
		`duration_seconds_count{method="get"} 2`,
		`duration_seconds_count{method="unknown"} 2`,
		`header_seconds_count{code="404",method="post"} 1`,
		`sent_bytes_sum{code="200",method="get"} 10`,
		`got_bytes_count 5`,
		`in_flight 0`,
	)
}

func TestLabelsAndExemplarsOfTheRequest(t *testing.T) {
	registry := tykmetrics.NewRegistry()
	type key struct{}
	requests := tykmetrics.NewCounterVec(tykmetrics.CounterOpts{Name: "requests_total"}, []string{"code", "tenant", "host"})
	duration := tykmetrics.NewHistogramVec(tykmetrics.HistogramOpts{Name: "duration_seconds"}, nil)
	registry.MustRegister(requests, duration)
	exemplar := promhttp.WithExemplarFromContext(func(ctx context.Context) tykmetrics.Labels {
		return tykmetrics.Labels{"trace_id": ctx.Value(key{}).(string)}
	})
	handler := promhttp.InstrumentHandlerDuration(duration,
		promhttp.InstrumentHandlerCounter(requests, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}),
			promhttp.WithLabelFromCtx("tenant", func(ctx context.Context) string { return "of " + ctx.Value(key{}).(string) }),
			promhttp.WithLabelFromRequest("host", func(r *http.Request) string { return r.Host }),
			exemplar),
		exemplar)
	request := httptest.NewRequest("GET", "/", nil)
	handler.ServeHTTP(httptest.NewRecorder(), request.WithContext(context.WithValue(request.Context(), key{}, "7f")))
	text := rendered(t, registry, "openmetrics")
	for _, part := range []string{
		`requests_total{code="200",tenant="of 7f",host="example.com"} 1 # {trace_id="7f"} 1`,
		`# {trace_id="7f"}`,
	} {
		if !strings.Contains(text, part) {
			t.Errorf("%s is not in\n%s", part, text)
		}
	}
}

func TestAHandlerThatPanicsIsNotCounted(t *testing.T) {
	registry := tykmetrics.NewRegistry()
	requests := tykmetrics.NewCounterVec(tykmetrics.CounterOpts{Name: "requests_total"}, []string{"code"})
	inFlight := tykmetrics.NewUpDown(tykmetrics.UpDownOpts{Name: "in_flight"})
	registry.MustRegister(requests, inFlight)
	handler := promhttp.InstrumentHandlerInFlight(inFlight, promhttp.InstrumentHandlerCounter(requests,
		http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("as asked") })))
	value := panics(func() { handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)) })
	if value != "as asked" {
		t.Errorf("the panic's value is %v", value)
	}
	if text := rendered(t, registry, "text"); strings.Contains(text, "requests_total{") || !strings.Contains(text, "in_flight 0") {
		t.Errorf("a panic leaves\n%s", text)
	}
}

func TestARequestAllocatesWhatNotesTheAnswer(t *testing.T) {
	requests := tykmetrics.NewCounterVec(tykmetrics.CounterOpts{Name: "requests_total"}, []string{"code", "method"})
	duration := tykmetrics.NewHistogramVec(tykmetrics.HistogramOpts{Name: "duration_seconds"}, []string{"method"})
	tykmetrics.NewRegistry().MustRegister(requests, duration)
	handler := promhttp.InstrumentHandlerDuration(duration, promhttp.InstrumentHandlerCounter(requests,
		http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})))
	w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
	if n := testing.AllocsPerRun(200, func() { handler.ServeHTTP(w, r) }); n > 1 {
		t.Errorf("a request costs %v allocations", n)
	}
}

func TestAClientsRequestsAreMeasured(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	registry := tykmetrics.NewRegistry()
	requests := tykmetrics.NewCounterVec(tykmetrics.CounterOpts{Name: "client_total"}, []string{"code", "method"})
	duration := tykmetrics.NewHistogramVec(tykmetrics.HistogramOpts{Name: "client_seconds"}, []string{"code"})
	inFlight := tykmetrics.NewGauge(tykmetrics.GaugeOpts{Name: "client_in_flight"})
	connected := tykmetrics.NewHistogram(tykmetrics.HistogramOpts{Name: "client_connect_seconds"})
	registry.MustRegister(requests, duration, inFlight, connected)
	client := &http.Client{Transport: promhttp.InstrumentRoundTripperInFlight(inFlight,
		promhttp.InstrumentRoundTripperCounter(requests,
			promhttp.InstrumentRoundTripperTrace(&promhttp.InstrumentTrace{ConnectDone: connected.Observe},
				promhttp.InstrumentRoundTripperDuration(duration, http.DefaultTransport))))}
	answer, err := client.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	server.Close()
	if answer, err := client.Get(server.URL); err == nil {
		_ = answer.Body.Close()
		t.Fatal("a server that is closed answers")
	}
	expect(t, registry,
		`client_total{code="418",method="get"} 1`,
		`client_seconds_count{code="418"} 1`,
		`client_in_flight 0`,
		`client_connect_seconds_count 1`,
	)
}

func TestCountsGoOnAfterTheSeriesWereRemoved(t *testing.T) {
	registry := tykmetrics.NewRegistry()
	counter := registry.MustNewCounterVec(tykmetrics.CounterOpts{Name: "c_total"}, []string{"code"})
	seconds := registry.MustNewHistogramVec(tykmetrics.HistogramOpts{Name: "d_seconds"}, []string{"method"})
	handler := promhttp.InstrumentHandlerCounter(counter, promhttp.InstrumentHandlerDuration(seconds, http.NotFoundHandler()))
	request := func() {
		handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
	}
	request()
	counter.Reset()
	seconds.Delete(tykmetrics.Labels{"method": "get"})
	request()
	request()
	expect(t, registry, `c_total{code="404"} 2`, `d_seconds_count{method="get"} 2`)
}

func TestSeriesThatIdleExpireThoughRequestsWereCounted(t *testing.T) {
	registry := tykmetrics.NewRegistry()
	counter := registry.MustNewCounterVec(tykmetrics.CounterOpts{Name: "c_total", ExpireAfter: time.Millisecond}, []string{"code"})
	handler := promhttp.InstrumentHandlerCounter(counter, http.NotFoundHandler())
	// It holds what it keeps.
	defer runtime.KeepAlive(handler)
	handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
	for range 1000 {
		// The handle is collected, then upkeep sees that nobody holds the series.
		runtime.GC()
		time.Sleep(5 * time.Millisecond)
		if err := registry.Upkeep(); err != nil {
			t.Fatal(err)
		}
		if counter.Len() == 0 {
			return
		}
	}
	t.Errorf("there are still %d series", counter.Len())
}
