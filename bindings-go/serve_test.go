package tykmetrics_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	tykmetrics "github.com/tykmetrics/tykmetrics/bindings-go"
)

// started is a server on a port of its own, closed with the test.
func started(t *testing.T, config tykmetrics.ServerConfig) *tykmetrics.Server {
	t.Helper()
	if config.Listen == "" {
		config.Listen = "127.0.0.1:0"
	}
	server, err := tykmetrics.Serve(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	return server
}

// fetched is the answer to a request and its body, without a connection that is kept.
func fetched(t *testing.T, client *http.Client, request *http.Request) (*http.Response, string) {
	t.Helper()
	request.Close = true
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}

func request(t *testing.T, url string, headers ...string) *http.Request {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

func get(t *testing.T, url string, headers ...string) (*http.Response, string) {
	t.Helper()
	return fetched(t, http.DefaultClient, request(t, url, headers...))
}

func contains(t *testing.T, text string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if !strings.Contains("\n"+text, "\n"+line+"\n") {
			t.Errorf("no line %q in\n%s", line, text)
		}
	}
}

// serverThreads is how many threads of servers there are.
func serverThreads(t *testing.T) (n int) {
	t.Helper()
	names, err := filepath.Glob("/proc/self/task/*/comm")
	if err != nil || len(names) == 0 {
		t.Skipf("threads cannot be listed here: %v", err)
	}
	for _, name := range names {
		// One that has ended meanwhile is none.
		if comm, _ := os.ReadFile(name); strings.HasPrefix(string(comm), "tykmetrics-") {
			n++
		}
	}
	return n
}

func counted() *tykmetrics.Registry {
	registry := tykmetrics.NewRegistry()
	registry.MustNewCounterVec(tykmetrics.CounterOpts{Name: "served_total", Help: "Served."}, []string{"to"}).
		WithLabelValues("all").Add(3)
	return registry
}

func TestAServerServesWhatIsRecordedUntilItIsClosed(t *testing.T) {
	server := started(t, tykmetrics.ServerConfig{Registry: counted()})
	at, ok := server.Addr().(*net.TCPAddr)
	if !ok || at.Port == 0 || server.URL() != "http://"+at.String() {
		t.Fatalf("%v, %q", server.Addr(), server.URL())
	}
	response, text := get(t, server.URL()+"/metrics")
	contains(t, text, "# HELP served_total Served.", `served_total{to="all"} 3`)
	if got := response.Header.Get("Content-Type"); !strings.HasPrefix(got, "text/plain; version=0.0.4") {
		t.Error(got)
	}
	response, text = get(t, server.URL()+"/metrics", "Accept", "application/openmetrics-text; version=1.0.0")
	contains(t, text, "# TYPE served counter", "# EOF")
	if got := response.Header.Get("Content-Type"); !strings.HasPrefix(got, "application/openmetrics-text") {
		t.Error(got)
	}
	for path, part := range map[string]string{
		"/metrics/json": `"served_total"`, "/metrics/health": `"status"`, "/healthz": "OK", "/": "<html",
	} {
		if response, text := get(t, server.URL()+path); response.StatusCode != 200 || !strings.Contains(text, part) {
			t.Errorf("%s: %s %.300s", path, response.Status, text)
		}
	}
	if serverThreads(t) == 0 {
		t.Error("it has no thread of its own")
	}
	for range 2 {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	}
	if n := serverThreads(t); n != 0 {
		t.Errorf("%d threads are left", n)
	}
	if c, err := net.Dial("tcp", at.String()); err == nil {
		_ = c.Close()
		t.Error("somebody still listens")
	}
	if err := server.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
}

func TestTheZeroConfigurationServesTheDefaultGathererAsTheEnvironmentSays(t *testing.T) {
	t.Setenv("TYKMETRICS_LISTEN", "127.0.0.1:0")
	t.Setenv("TYKMETRICS_PATH", "/numbers")
	server, err := tykmetrics.Serve(tykmetrics.ServerConfig{})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	if _, text := get(t, server.URL()+"/numbers"); !strings.Contains(text, "\ngo_goroutines ") || !strings.Contains(text, "\nprocess_cpu_seconds_total ") {
		t.Errorf("%.2000s", text)
	}
	code := started(t, tykmetrics.ServerConfig{Registry: counted(), Path: "/code"})
	if _, text := get(t, code.URL()+"/code"); !strings.Contains(text, "served_total") {
		t.Error("code is stronger than the environment")
	}
}

func TestAServerListensAtAUnixSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.sock")
	server := started(t, tykmetrics.ServerConfig{Registry: counted(), Listen: "unix:" + path})
	if at, ok := server.Addr().(*net.UnixAddr); !ok || at.Name != path || server.URL() != "unix:"+path {
		t.Fatalf("%v, %q", server.Addr(), server.URL())
	}
	client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", path)
	}}}
	_, text := fetched(t, client, request(t, "http://metrics/metrics"))
	contains(t, text, `served_total{to="all"} 3`)
	_ = server.Close()
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the socket is left: %v", err)
	}
}

func TestWhatCannotBeServedIsAnErrorThatLeavesNothing(t *testing.T) {
	first := started(t, tykmetrics.ServerConfig{Registry: counted()})
	get(t, first.URL()+"/healthz") // Once it answers, its thread has its name.
	threads, goroutines := serverThreads(t), runtime.NumGoroutine()
	for name, c := range map[string]struct {
		config tykmetrics.ServerConfig
		want   []error
		says   string
	}{
		"port":     {tykmetrics.ServerConfig{Listen: first.Addr().String()}, []error{tykmetrics.AddressInUse, syscall.EADDRINUSE}, first.Addr().String()},
		"disabled": {tykmetrics.ServerConfig{Enabled: tykmetrics.Ptr(false)}, []error{tykmetrics.Disabled}, "enabled"},
		"listen":   {tykmetrics.ServerConfig{Listen: "nowhere"}, []error{tykmetrics.InvalidConfig}, "listen"},
		"address":  {tykmetrics.ServerConfig{Listen: "192.0.2.1:0"}, []error{tykmetrics.AddressNotAvailable}, "192.0.2.1"},
		"host":     {tykmetrics.ServerConfig{Listen: "no.such.host.invalid:0"}, []error{tykmetrics.InvalidAddress}, "no.such.host.invalid"},
		"grace":    {tykmetrics.ServerConfig{ShutdownGrace: tykmetrics.Ptr(-time.Second)}, []error{tykmetrics.InvalidConfig}, "shutdown_grace"},
		"limit":    {tykmetrics.ServerConfig{Limits: tykmetrics.ServerLimits{ConcurrentScrapes: -1}}, []error{tykmetrics.InvalidConfig}, "limits.concurrent_scrapes"},
		"nul":      {tykmetrics.ServerConfig{Path: "/a\x00b"}, []error{tykmetrics.InvalidConfig}, "path"},
		"pattern":  {tykmetrics.ServerConfig{Hygiene: tykmetrics.ServerHygiene{Enabled: tykmetrics.Ptr(true), Patterns: []string{"("}}}, []error{tykmetrics.InvalidConfig}, "hygiene.patterns"},
		"tls":      {tykmetrics.ServerConfig{TLS: tykmetrics.ServerTLS{Required: tykmetrics.Ptr(true)}}, []error{tykmetrics.TLSRequired}, "tls.cert"},
		"half":     {tykmetrics.ServerConfig{TLS: tykmetrics.ServerTLS{Cert: "/nowhere/c"}}, []error{tykmetrics.InvalidConfig}, "tls.key"},
		"file":     {tykmetrics.ServerConfig{TLS: tykmetrics.ServerTLS{Cert: "/nowhere/c", Key: "/nowhere/k"}}, []error{tykmetrics.Unreadable}, "/nowhere/"},
		"password": {tykmetrics.ServerConfig{Auth: tykmetrics.ServerAuth{BasicName: "a"}}, []error{tykmetrics.InvalidConfig}, "auth.basic_password"},
	} {
		t.Run(name, func(t *testing.T) {
			c.config.Registry = counted()
			if c.config.Listen == "" {
				c.config.Listen = "127.0.0.1:0"
			}
			server, err := tykmetrics.Serve(c.config)
			if server != nil {
				_ = server.Close()
				t.Fatal("it was served")
			}
			for _, want := range c.want {
				if !errors.Is(err, want) {
					t.Errorf("%v is not %v", err, want)
				}
			}
			if !strings.Contains(err.Error(), c.says) {
				t.Errorf("%q does not say %q", err, c.says)
			}
		})
	}
	if n := serverThreads(t); n != threads {
		t.Errorf("%d threads, before %d", n, threads)
	}
	if n := runtime.NumGoroutine(); n > goroutines+1 {
		t.Errorf("%d goroutines, before %d", n, goroutines)
	}
}

func TestAFileThatCannotBeReadIsNamedInTheSystemsWords(t *testing.T) {
	nowhere := filepath.Join(t.TempDir(), "nowhere")
	for name, c := range map[string]struct {
		config tykmetrics.ServerConfig
		want   tykmetrics.Code
	}{
		"certificate": {tykmetrics.ServerConfig{TLS: tykmetrics.ServerTLS{Cert: nowhere, Key: nowhere}}, tykmetrics.Unreadable},
		"password":    {tykmetrics.ServerConfig{Auth: tykmetrics.ServerAuth{BasicName: "a", BasicPasswordFile: nowhere}}, tykmetrics.InvalidConfig},
		"token":       {tykmetrics.ServerConfig{Auth: tykmetrics.ServerAuth{BearerFile: nowhere}}, tykmetrics.InvalidConfig},
	} {
		c.config.Registry, c.config.Listen = counted(), "127.0.0.1:0"
		_, err := tykmetrics.Serve(c.config)
		if !errors.Is(err, c.want) || errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if text := strings.ToLower(err.Error()); !strings.Contains(text, strings.ToLower(nowhere)) || !strings.Contains(text, syscall.ENOENT.Error()) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAPortIsFreeAgainAndNothingIsLeft(t *testing.T) {
	first := started(t, tykmetrics.ServerConfig{Registry: counted()})
	at := first.Addr().String()
	get(t, first.URL()+"/metrics")
	_ = first.Close()
	before := runtime.NumGoroutine()
	for range 10 {
		server := started(t, tykmetrics.ServerConfig{Registry: counted(), Listen: at})
		_, text := get(t, server.URL()+"/metrics")
		contains(t, text, `served_total{to="all"} 3`)
		_ = server.Close()
	}
	http.DefaultClient.CloseIdleConnections()
	for tries := 0; runtime.NumGoroutine() > before && tries < 100; tries++ {
		time.Sleep(10 * time.Millisecond)
	}
	if n := runtime.NumGoroutine(); n > before {
		t.Errorf("%d goroutines, before %d", n, before)
	}
	if n := serverThreads(t); n != 0 {
		t.Errorf("%d threads are left", n)
	}
}

func TestAuthenticationIsAskedFor(t *testing.T) {
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("t0ken\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	server := started(t, tykmetrics.ServerConfig{
		Registry: counted(),
		Auth:     tykmetrics.ServerAuth{BasicName: "prometheus", BasicPassword: "s3cret", BearerFile: token},
		Routes:   tykmetrics.ServerRoutes{Reset: tykmetrics.Ptr(true), Page: tykmetrics.Ptr(false)},
	})
	status := func(method, path string, with func(*http.Request)) int {
		r := request(t, server.URL()+path)
		r.Method = method
		with(r)
		response, _ := fetched(t, http.DefaultClient, r)
		return response.StatusCode
	}
	basic := func(name, password string) func(*http.Request) {
		return func(r *http.Request) { r.SetBasicAuth(name, password) }
	}
	bearer := func(token string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }
	}
	for _, c := range []struct {
		method, path string
		with         func(*http.Request)
		want         int
	}{
		{"GET", "/metrics", func(*http.Request) {}, 401},
		{"GET", "/metrics", basic("prometheus", "wrong"), 401},
		{"GET", "/metrics", basic("prometheus", "s3cret"), 200},
		{"GET", "/metrics", bearer("wrong"), 401},
		{"GET", "/metrics", bearer("t0ken"), 200},
		{"GET", "/healthz", func(*http.Request) {}, 200},
		{"GET", "/", basic("prometheus", "s3cret"), 404},
		{"POST", "/metrics/reset", func(*http.Request) {}, 401},
	} {
		if got := status(c.method, c.path, c.with); got != c.want {
			t.Errorf("%s %s: %d, wanted %d", c.method, c.path, got, c.want)
		}
	}
	if got := status("POST", "/metrics/reset", bearer("t0ken")); got != 200 && got != 204 {
		t.Errorf("reset: %d", got)
	}
	_, text := fetched(t, http.DefaultClient, request(t, server.URL()+"/metrics", "Authorization", "Bearer t0ken"))
	contains(t, text, `served_total{to="all"} 0`)
}

// A writer for several goroutines.
type said struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *said) log(message string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fmt.Fprintln(&s.b, message)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func TestTheLogIsToldThatAnybodyMayAsk(t *testing.T) {
	var said said
	server := started(t, tykmetrics.ServerConfig{Registry: counted(), Listen: ":0", Log: said.log})
	if !strings.Contains(said.String(), "anybody") || !strings.HasPrefix(server.URL(), "http://localhost:") {
		t.Errorf("%q, %q", said.String(), server.URL())
	}
	// What a log does is its own affair.
	started(t, tykmetrics.ServerConfig{Registry: counted(), Listen: ":0", Log: func(string) { panic("log") }})
	started(t, tykmetrics.ServerConfig{Registry: counted(), Listen: ":0", Log: func(string) { runtime.Goexit() }})
}
