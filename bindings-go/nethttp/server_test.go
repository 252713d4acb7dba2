package nethttp_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tykmetrics/tykmetrics/bindings-go"
	"github.com/tykmetrics/tykmetrics/bindings-go/nethttp"
	"github.com/tykmetrics/tykmetrics/bindings-go/promhttp"
)

// house is a server with a measured mux in front, on a socket of its own.
type house struct {
	*httptest.Server
	t        *testing.T
	registry *tykmetrics.Registry
	done     chan struct{}
}

func newHouse(t *testing.T, routes map[string]http.HandlerFunc, with ...nethttp.Option) *house {
	t.Helper()
	h := &house{t: t, registry: tykmetrics.NewRegistry(), done: make(chan struct{}, 100)}
	mux := http.NewServeMux()
	for pattern, handler := range routes {
		mux.HandleFunc(pattern, handler)
	}
	measured := nethttp.Middleware(append(with, nethttp.WithRegistry(h.registry))...)(mux)
	h.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// A client has its answer before the handler returns; what waits here sees
		// the request counted.
		defer func() { h.done <- struct{}{} }()
		measured.ServeHTTP(w, r)
	}))
	h.Config.ErrorLog = nil
	h.Start()
	t.Cleanup(h.Close)
	return h
}

// counted waits until n requests are over.
func (h *house) counted(n int) {
	h.t.Helper()
	for range n {
		select {
		case <-h.done:
		case <-time.After(10 * time.Second):
			h.t.Fatal("the handler does not return")
		}
	}
}

func (h *house) send(method, path string, body io.Reader) *http.Response {
	h.t.Helper()
	request, err := http.NewRequest(method, h.URL+path, body)
	if err != nil {
		h.t.Fatal(err)
	}
	answer, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		h.t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, answer.Body)
	_ = answer.Body.Close()
	h.counted(1)
	return answer
}

// value is what a scrape says of a sample, "" if nothing.
func value(t *testing.T, registry *tykmetrics.Registry, sample string) string {
	t.Helper()
	var text strings.Builder
	if err := registry.Render(&text, "text"); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(text.String()) {
		if rest, ok := strings.CutPrefix(line, sample+" "); ok {
			return strings.TrimSpace(rest)
		}
	}
	return ""
}

func (h *house) expect(sample, want string) {
	h.t.Helper()
	if got := value(h.t, h.registry, sample); got != want {
		h.t.Errorf("%s is %q, not %q", sample, got, want)
	}
}

func ok(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") }

func TestARequestIsCountedByItsPattern(t *testing.T) {
	h := newHouse(t, map[string]http.HandlerFunc{"GET /users/{id}": ok, "/files/": ok, "PUT \t /spaced": ok, "127.0.0.1/host": ok})
	for _, path := range []string{"/users/1", "/users/2", "/users/3", "/files/a/b/c", "/host"} {
		h.send("GET", path, nil)
	}
	h.expect(`http_requests_total{method="GET",route="/users/{id}",status="200"}`, "3")
	h.send("PUT", "/spaced", nil)
	h.expect(`http_requests_total{method="GET",route="/files/",status="200"}`, "1")
	h.expect(`http_requests_total{method="GET",route="127.0.0.1/host",status="200"}`, "1")
	h.expect(`http_requests_total{method="PUT",route="/spaced",status="200"}`, "1")
	h.expect(`http_request_duration_seconds_count{method="GET",route="/users/{id}"}`, "3")
	h.expect(`http_response_size_bytes_sum{method="GET",route="/users/{id}"}`, "15")
	h.expect(`http_requests_in_flight`, "0")
}

func TestWhatClientsMakeUpHasOneValue(t *testing.T) {
	h := newHouse(t, map[string]http.HandlerFunc{"POST /users": ok, "/any": ok})
	h.send("GET", "/nowhere/1", nil)
	h.send("GET", "/nowhere/2", nil)
	h.send("GET", "/users", nil)
	h.send("BREW", "/any", nil)
	h.send("PROPFIND", "/any", nil)
	h.expect(`http_requests_total{method="GET",route="unmatched",status="404"}`, "2")
	h.expect(`http_requests_total{method="GET",route="unmatched",status="405"}`, "1")
	h.expect(`http_requests_total{method="_OTHER",route="/any",status="200"}`, "2")
}

func TestMethodsCanBeAdded(t *testing.T) {
	h := newHouse(t, map[string]http.HandlerFunc{"/any": ok}, nethttp.WithMethods("PROPFIND"))
	h.send("PROPFIND", "/any", nil)
	h.expect(`http_requests_total{method="PROPFIND",route="/any",status="200"}`, "1")
}

func TestStatuses(t *testing.T) {
	h := newHouse(t, map[string]http.HandlerFunc{
		"/nothing": func(http.ResponseWriter, *http.Request) {},
		"/teapot":  func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(418) },
		"/hints": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusEarlyHints)
			w.WriteHeader(http.StatusAccepted)
		},
		"/odd": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(799) },
	})
	for _, path := range []string{"/nothing", "/teapot", "/hints", "/odd"} {
		h.send("GET", path, nil)
	}
	h.expect(`http_requests_total{method="GET",route="/nothing",status="200"}`, "1")
	h.expect(`http_requests_total{method="GET",route="/teapot",status="418"}`, "1")
	h.expect(`http_requests_total{method="GET",route="/hints",status="202"}`, "1")
	h.expect(`http_requests_total{method="GET",route="/odd",status="_OTHER"}`, "1")
}

func TestSizesAreThoseOfTheBodies(t *testing.T) {
	h := newHouse(t, map[string]http.HandlerFunc{
		"/echo": func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) },
		"/head": ok,
	})
	h.send("POST", "/echo", strings.NewReader("declared"))
	// A reader of unknown length is sent in chunks.
	h.send("PUT", "/echo", io.MultiReader(strings.NewReader("in "), strings.NewReader("chunks")))
	h.send("HEAD", "/head", nil)
	h.expect(`http_request_size_bytes_sum{method="POST",route="/echo"}`, "8")
	h.expect(`http_response_size_bytes_sum{method="POST",route="/echo"}`, "8")
	h.expect(`http_request_size_bytes_sum{method="PUT",route="/echo"}`, "9")
	h.expect(`http_response_size_bytes_sum{method="PUT",route="/echo"}`, "9")
	h.expect(`http_response_size_bytes_sum{method="HEAD",route="/head"}`, "0")
}

func TestTheRequestKeepsItsBody(t *testing.T) {
	h := nethttp.Middleware(nethttp.WithRegistry(tykmetrics.NewRegistry()))(http.HandlerFunc(ok))
	request := httptest.NewRequest("POST", "/", nil)
	request.Body, request.ContentLength = http.NoBody, -1
	h.ServeHTTP(httptest.NewRecorder(), request)
	if request.Body != http.NoBody {
		t.Errorf("the body is %T", request.Body)
	}
}

func TestAPanicIsCountedAndGoesOnAsItWas(t *testing.T) {
	registry := tykmetrics.NewRegistry()
	cause := errors.New("the cause")
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		value   any
		status  string
	}{
		"before": {func(http.ResponseWriter, *http.Request) { panic(cause) }, cause, "500"},
		"after":  {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(201); panic(cause) }, cause, "201"},
		"abort":  {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, http.ErrAbortHandler, "500"},
	} {
		mux := http.NewServeMux()
		mux.Handle("/"+name, c.handler)
		measured := nethttp.Middleware(nethttp.WithRegistry(registry))(mux)
		got := func() (value any) {
			defer func() { value = recover() }()
			measured.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/"+name, nil))
			return nil
		}()
		if got != c.value {
			t.Errorf("%s: the panic's value is %v", name, got)
		}
		sample := `http_requests_total{method="GET",route="/` + name + `",status="` + c.status + `"}`
		if got := value(t, registry, sample); got != "1" {
			t.Errorf("%s is %q", sample, got)
		}
	}
	if got := value(t, registry, "http_requests_in_flight"); got != "0" {
		t.Errorf("%s requests are in flight after panics", got)
	}
}

func TestAClientThatLeavesIsCounted(t *testing.T) {
	begun := make(chan struct{})
	h := newHouse(t, map[string]http.HandlerFunc{"/slow": func(_ http.ResponseWriter, r *http.Request) {
		close(begun)
		<-r.Context().Done()
	}})
	ctx, leave := context.WithCancel(context.Background())
	request, err := http.NewRequestWithContext(ctx, "GET", h.URL+"/slow", nil)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		<-begun
		h.expect(`http_requests_in_flight`, "1")
		leave()
	}()
	if answer, err := http.DefaultTransport.RoundTrip(request); err == nil {
		_ = answer.Body.Close()
		t.Fatal("there was an answer")
	}
	h.counted(1)
	h.expect(`http_requests_total{method="GET",route="/slow",status="499"}`, "1")
	h.expect(`http_requests_aborted_total{method="GET",route="/slow"}`, "1")
	h.expect(`http_requests_in_flight`, "0")
}

func TestAStreamArrivesWhileTheHandlerRuns(t *testing.T) {
	more := make(chan struct{})
	h := newHouse(t, map[string]http.HandlerFunc{"/stream": func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "first\n")
		w.(http.Flusher).Flush()
		<-more
		_, _ = io.WriteString(w, "second\n")
	}})
	answer, err := http.Get(h.URL + "/stream")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	lines := bufio.NewReader(answer.Body)
	if line, err := lines.ReadString('\n'); line != "first\n" {
		t.Fatalf("the first line is %q (%v)", line, err)
	}
	close(more)
	if line, err := lines.ReadString('\n'); line != "second\n" {
		t.Fatalf("the second line is %q (%v)", line, err)
	}
	h.counted(1)
	h.expect(`http_response_size_bytes_sum{method="GET",route="/stream"}`, "13")
}

func TestATakenConnectionBelongsToTheHandler(t *testing.T) {
	take := func(w http.ResponseWriter, _ *http.Request) {
		conn, rw, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		_, _ = rw.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
		_ = rw.Flush()
		line, _ := rw.ReadString('\n')
		_, _ = rw.WriteString(line)
		_ = rw.Flush()
	}
	h := newHouse(t, map[string]http.HandlerFunc{"/socket": take, "/bare": take})
	for _, c := range []struct{ path, header string }{{"/socket", "Connection: Upgrade\r\nUpgrade: echo\r\n"}, {"/bare", ""}} {
		conn, err := net.Dial("tcp", h.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(conn, "GET "+c.path+" HTTP/1.1\r\nHost: here\r\n"+c.header+"\r\nping\n")
		all, err := io.ReadAll(conn)
		if err != nil || !strings.HasSuffix(string(all), "ping\n") {
			t.Errorf("the connection says %q (%v)", all, err)
		}
		_ = conn.Close()
		h.counted(1)
	}
	h.expect(`http_requests_total{method="GET",route="/socket",status="101"}`, "1")
	h.expect(`http_requests_total{method="GET",route="/bare",status="hijacked"}`, "1")
	h.expect(`http_response_size_bytes_count{method="GET",route="/socket"}`, "0")
}

func TestARouterWithoutPatternsSaysTheRoute(t *testing.T) {
	registry := tykmetrics.NewRegistry()
	inner := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if !nethttp.SetRoute(w, "/users/:id") {
			t.Error("the writer is not measured")
		}
	})
	inner = promhttp.InstrumentHandlerCounter(tykmetrics.NewCounterVec(tykmetrics.CounterOpts{Name: "n"}, []string{"code"}), inner)
	// Handlers get a copy of the request, as behind many a middleware, and a writer of
	// the router's own.
	router := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		inner.ServeHTTP(wrapping{w}, r.WithContext(context.WithValue(r.Context(), new(int), 0)))
	})
	h := nethttp.Middleware(nethttp.WithRegistry(registry))(router)
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/users/1", nil))
	if got := value(t, registry, `http_requests_total{method="GET",route="/users/:id",status="200"}`); got != "1" {
		t.Errorf("counted %q", got)
	}
	if nethttp.SetRoute(httptest.NewRecorder(), "/") {
		t.Error("a writer that is not measured takes a route")
	}
}

// wrapping is the writer of another middleware.
type wrapping struct{ http.ResponseWriter }

func (w wrapping) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func TestRoutesWithoutEndAreCountedInOneSeries(t *testing.T) {
	registry := tykmetrics.NewRegistry()
	h := nethttp.Middleware(
		nethttp.WithRegistry(registry),
		nethttp.WithNames(nethttp.Names{Duration: nethttp.Off, RequestSize: nethttp.Off, ResponseSize: nethttp.Off, Aborted: nethttp.Off}),
		// Just what the documentation forbids.
		nethttp.WithRoute(func(r *http.Request) string { return r.URL.Path }),
	)(http.HandlerFunc(ok))
	const sent = 11_000
	w := httptest.NewRecorder()
	for i := range sent {
		w.Body.Reset()
		h.ServeHTTP(w, &http.Request{Method: "GET", URL: urlOf(i), Header: http.Header{}})
	}
	if got := value(t, registry, `http_requests_total{otel_metric_overflow="true"}`); got != "1000" {
		t.Errorf("%s requests are in the overflow series", got)
	}
}

func TestAMetricOfAnotherKindIsAnErrorAndNoPanic(t *testing.T) {
	registry := tykmetrics.NewRegistry()
	registry.MustRegister(tykmetrics.NewGauge(tykmetrics.GaugeOpts{Name: "http_requests_total"}))
	if _, err := nethttp.New(nethttp.WithRegistry(registry)); err == nil || !strings.Contains(err.Error(), "http_requests_total") {
		t.Errorf("the error is %v", err)
	}
	defer func() {
		if recover() == nil {
			t.Error("Middleware does not panic")
		}
	}()
	nethttp.Middleware(nethttp.WithRegistry(registry))
}

func TestTwoMiddlewaresOfOneRegistryShareTheirMetrics(t *testing.T) {
	registry := tykmetrics.NewRegistry()
	for range 2 {
		h := nethttp.Middleware(nethttp.WithRegistry(registry))(http.HandlerFunc(ok))
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	}
	if got := value(t, registry, `http_requests_total{method="GET",route="unmatched",status="200"}`); got != "2" {
		t.Errorf("counted %q", got)
	}
}

func TestARequestAllocatesWhatNotesTheAnswer(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/users", func(http.ResponseWriter, *http.Request) {})
	h := nethttp.Middleware(nethttp.WithRegistry(tykmetrics.NewRegistry()))(mux)
	w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/users", nil)
	bare := testing.AllocsPerRun(200, func() { mux.ServeHTTP(w, r) })
	if with := testing.AllocsPerRun(200, func() { h.ServeHTTP(w, r) }); with > bare+1 {
		t.Errorf("a request costs %v allocations, %v without metrics", with, bare)
	}
}
