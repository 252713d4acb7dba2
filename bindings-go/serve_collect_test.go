package tykmetrics_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	tykmetrics "github.com/tykmetrics/tykmetrics/bindings-go"
)

var askedDesc = tykmetrics.NewDesc("asked", "Made at a scrape.", nil, nil)

// asked is a collector that calls this before it gives its metric.
type asked func()

func (asked) Describe(to chan<- *tykmetrics.Desc) { to <- askedDesc }

func (before asked) Collect(to chan<- tykmetrics.Metric) {
	before()
	to <- tykmetrics.MustNewConstMetric(askedDesc, tykmetrics.GaugeValue, 7)
}

func TestCollectorsOfGoAreAskedAlsoWhenNobodyKeepsTheirRegistry(t *testing.T) {
	registry := counted()
	registry.MustRegister(asked(func() {}), tykmetrics.NewGaugeFunc(tykmetrics.GaugeOpts{Name: "read"}, func() float64 { return 5 }))
	server := started(t, tykmetrics.ServerConfig{Registry: registry})
	registry = nil
	for range 3 {
		runtime.GC()
	}
	_, text := get(t, server.URL()+"/metrics")
	contains(t, text, "asked 7", "read 5", `served_total{to="all"} 3`)
}

func TestAServerServesSeveralRegistriesAsOne(t *testing.T) {
	one, other := counted(), tykmetrics.NewRegistry()
	other.MustNewGauge(tykmetrics.GaugeOpts{Name: "other"}).Set(2)
	server := started(t, tykmetrics.ServerConfig{Registry: tykmetrics.Gatherers{one, other}})
	runtime.GC()
	_, text := get(t, server.URL()+"/metrics")
	contains(t, text, "other 2", `served_total{to="all"} 3`)
}

func TestACopyIsNotServedAsIfItCouldBeCleanedOrReset(t *testing.T) {
	registry := counted()
	function := tykmetrics.GathererFunc(registry.Gather)
	copies := map[string]tykmetrics.Gatherer{
		"Gatherers":     tykmetrics.Gatherers{registry, tykmetrics.NewRegistry()},
		"GathererFunc":  function,
		"one in others": tykmetrics.Gatherers{tykmetrics.Gatherers{function}},
	}
	token := tykmetrics.ServerAuth{Bearer: "t0ken"}
	for name, c := range map[string]struct {
		environment string
		config      tykmetrics.ServerConfig
		says        []string
	}{
		"hygiene":                {"", tykmetrics.ServerConfig{Hygiene: tykmetrics.ServerHygiene{Enabled: tykmetrics.Ptr(true)}}, []string{"hygiene.enabled", "*Registry"}},
		"hygiene of environment": {"TYKMETRICS_HYGIENE_ENABLED", tykmetrics.ServerConfig{}, []string{"hygiene.enabled", "*Registry"}},
		"reset":                  {"", tykmetrics.ServerConfig{Auth: token, Routes: tykmetrics.ServerRoutes{Reset: tykmetrics.Ptr(true)}}, []string{"routes.reset", "*Registry"}},
		"reset of environment":   {"TYKMETRICS_ROUTES_RESET", tykmetrics.ServerConfig{Auth: token}, []string{"routes.reset", "*Registry"}},
	} {
		t.Run(name, func(t *testing.T) {
			if c.environment != "" {
				t.Setenv(c.environment, "true")
				t.Setenv("TYKMETRICS_AUTH_BASIC_NAME", "prometheus")
				t.Setenv("TYKMETRICS_AUTH_BASIC_PASSWORD", "s3cret")
			}
			c.config.Listen = "127.0.0.1:0"
			for what, gatherer := range copies {
				c.config.Registry = gatherer
				server, err := tykmetrics.Serve(c.config)
				if err == nil {
					_ = server.Close()
					t.Fatalf("%s is served", what)
				}
				if !errors.Is(err, tykmetrics.InvalidConfig) {
					t.Errorf("%s: %v", what, err)
				}
				for _, part := range append(c.says, "Gatherer") {
					if !strings.Contains(err.Error(), part) {
						t.Errorf("%s: %q does not say %q", what, err, part)
					}
				}
			}
			c.config.Registry = tykmetrics.Gatherers{registry}
			started(t, c.config)
		})
	}
}

func TestACopyIsServedWhereTheEnvironmentAsksAndCodeDoesNot(t *testing.T) {
	for _, name := range []string{"TYKMETRICS_HYGIENE_ENABLED", "TYKMETRICS_ROUTES_RESET"} {
		t.Setenv(name, "true")
	}
	t.Setenv("TYKMETRICS_AUTH_BEARER", "t0ken")
	config := tykmetrics.ServerConfig{
		Registry: tykmetrics.Gatherers{counted(), tykmetrics.NewRegistry()},
		Hygiene:  tykmetrics.ServerHygiene{Enabled: tykmetrics.Ptr(false)},
		Routes:   tykmetrics.ServerRoutes{Reset: tykmetrics.Ptr(false)},
	}
	server := started(t, config)
	_, text := get(t, server.URL()+"/metrics", "Authorization", "Bearer t0ken")
	contains(t, text, `served_total{to="all"} 3`)
	// What else is wrong is said as of any registry.
	for want, change := range map[tykmetrics.Code]func(*tykmetrics.ServerConfig){
		tykmetrics.Disabled:      func(c *tykmetrics.ServerConfig) { c.Enabled = tykmetrics.Ptr(false) },
		tykmetrics.AddressInUse:  func(c *tykmetrics.ServerConfig) { c.Listen = server.Addr().String() },
		tykmetrics.TLSRequired:   func(c *tykmetrics.ServerConfig) { c.TLS.Required = tykmetrics.Ptr(true) },
		tykmetrics.InvalidConfig: func(c *tykmetrics.ServerConfig) { c.Path = "/health" },
	} {
		wrong := config
		change(&wrong)
		if _, err := tykmetrics.Serve(wrong); !errors.Is(err, want) || strings.Contains(err.Error(), "copy") {
			t.Errorf("%v, wanted %v", err, want)
		}
	}
}

func TestHygieneAndTheResetAreForSeriesAndNotForWhatCollectorsSend(t *testing.T) {
	registry := tykmetrics.NewRegistry()
	vec := registry.MustNewCounterVec(tykmetrics.CounterOpts{Name: "made_total"}, []string{"by"})
	desc := tykmetrics.NewDesc("sent", "", []string{"by"}, nil)
	registry.MustRegister(sent{tykmetrics.MustNewConstMetric(desc, tykmetrics.GaugeValue, 7, "one@example.com")})
	server := started(t, tykmetrics.ServerConfig{
		Registry: registry,
		Auth:     tykmetrics.ServerAuth{Bearer: "t0ken"},
		Routes:   tykmetrics.ServerRoutes{Reset: tykmetrics.Ptr(true)},
		Hygiene:  tykmetrics.ServerHygiene{Enabled: tykmetrics.Ptr(true)},
	})
	vec.WithLabelValues("one@example.com").Inc()
	_, text := get(t, server.URL()+"/metrics", "Authorization", "Bearer t0ken")
	contains(t, text, `made_total{by="[email]"} 1`, `sent{by="one@example.com"} 7`)
	reset := request(t, server.URL()+"/metrics/reset", "Authorization", "Bearer t0ken")
	reset.Method = http.MethodPost
	fetched(t, http.DefaultClient, reset)
	_, text = get(t, server.URL()+"/metrics", "Authorization", "Bearer t0ken")
	contains(t, text, `made_total{by="[email]"} 0`, `sent{by="one@example.com"} 7`)
}

// sent is a collector of one metric.
type sent struct{ metric tykmetrics.Metric }

func (s sent) Describe(to chan<- *tykmetrics.Desc) { to <- s.metric.Desc() }
func (s sent) Collect(to chan<- tykmetrics.Metric) { to <- s.metric }

func TestWhatACollectorDoesWrongIsToldOnceAndCostsTheOthersNothing(t *testing.T) {
	for name, wrong := range map[string]func(){
		"panicked": func() { panic("no shelf") },
		"Goexit":   runtime.Goexit,
	} {
		t.Run(name, func(t *testing.T) {
			var said said
			registry := counted()
			registry.MustRegister(asked(wrong))
			server := started(t, tykmetrics.ServerConfig{Registry: registry, Log: said.log})
			for range 3 {
				response, text := get(t, server.URL()+"/metrics")
				contains(t, text, `served_total{to="all"} 3`)
				if response.StatusCode != 200 || strings.Contains(text, "asked") {
					t.Errorf("%s\n%s", response.Status, text)
				}
			}
			if got := said.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, name) {
				t.Errorf("the log says %q", got)
			}
		})
	}
}

func TestAScrapeThatRunsIsFinishedAfterShutdown(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	registry := counted()
	registry.MustRegister(asked(func() { close(entered); <-release }))
	server := started(t, tykmetrics.ServerConfig{Registry: registry, ShutdownGrace: tykmetrics.Ptr(time.Minute)})
	type answer struct {
		status int
		text   string
	}
	answers := make(chan answer)
	go func() {
		response, text := get(t, server.URL()+"/metrics")
		answers <- answer{response.StatusCode, text}
	}()
	<-entered
	soon, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := server.Shutdown(soon); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("while a scrape runs: %v", err)
	}
	if _, err := http.Get(server.URL() + "/healthz"); err == nil {
		t.Error("it still takes requests")
	}
	close(release)
	got := <-answers
	contains(t, got.text, "asked 7", `served_total{to="all"} 3`)
	if got.status != 200 {
		t.Error(got.status)
	}
	if err := server.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
	// What is over is over, whatever the context.
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	if err := server.Shutdown(gone); err != nil {
		t.Error(err)
	}
	if n := serverThreads(t); n != 0 {
		t.Errorf("%d threads are left", n)
	}
}

func TestAScrapeBeyondTheGraceIsCutOff(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	registry := counted()
	registry.MustRegister(asked(func() { close(entered); <-release }))
	server := started(t, tykmetrics.ServerConfig{Registry: registry, ShutdownGrace: tykmetrics.Ptr(time.Duration(0))})
	failed := make(chan error)
	go func() {
		response, err := http.Get(server.URL() + "/metrics")
		if err == nil {
			_ = response.Body.Close()
		}
		failed <- err
	}()
	<-entered
	// The collector hangs: its thread is left to it.
	if err := server.Close(); err != nil {
		t.Error(err)
	}
	if err := <-failed; err == nil {
		t.Error("an answer came although the collector hung")
	}
	close(release)
	for tries := 0; serverThreads(t) > 0 && tries < 1000; tries++ {
		time.Sleep(10 * time.Millisecond)
	}
	if n := serverThreads(t); n != 0 {
		t.Errorf("%d threads are left", n)
	}
}

func TestServersRunBesideRecordsAndOneAnother(t *testing.T) {
	registry := tykmetrics.NewRegistry()
	counter := registry.MustNewCounter(tykmetrics.CounterOpts{Name: "busy_total"})
	registry.MustRegister(asked(func() {}))
	var stop atomic.Bool
	recorded := make(chan uint64)
	go func() {
		n := uint64(0)
		for ; !stop.Load(); n++ {
			counter.Inc()
		}
		recorded <- n
	}()
	one, other := started(t, tykmetrics.ServerConfig{Registry: registry}), started(t, tykmetrics.ServerConfig{Registry: registry})
	scraped := make(chan struct{})
	for _, server := range []*tykmetrics.Server{one, other} {
		go func() {
			for range 50 {
				_, text := get(t, server.URL()+"/metrics")
				contains(t, text, "asked 7")
			}
			scraped <- struct{}{}
		}()
	}
	<-scraped
	<-scraped
	stop.Store(true)
	n := <-recorded
	_, text := get(t, other.URL()+"/metrics", "Accept", "text/plain")
	contains(t, text, fmt.Sprintf("busy_total %d", n))
}
