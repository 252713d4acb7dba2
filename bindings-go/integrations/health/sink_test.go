package tykhealth_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/gocraft/health"

	"github.com/tykmetrics/tykmetrics/bindings-go"
	tykhealth "github.com/tykmetrics/tykmetrics/bindings-go/integrations/health"
)

func newStream(o tykhealth.Options) (*health.Stream, *tykmetrics.Registry) {
	registry := tykmetrics.NewRegistry()
	o.Registry = registry
	return health.NewStream().AddSink(tykhealth.MustSink(o)), registry
}

func expect(t *testing.T, registry *tykmetrics.Registry, want map[string]string) {
	t.Helper()
	text := rendered(t, registry)
	for sample, value := range want {
		if !strings.Contains(text, "\n"+sample+" "+value+"\n") {
			t.Errorf("%s %s is not in\n%s", sample, value, text)
		}
	}
}

func rendered(t *testing.T, registry *tykmetrics.Registry) string {
	t.Helper()
	var text strings.Builder
	if err := registry.Render(&text, "text"); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

func TestEverythingThatAStreamSaysIsAMetric(t *testing.T) {
	stream, registry := newStream(tykhealth.Options{})
	job := stream.NewJob("login")
	job.Event("begun")
	job.EventKv("begun", health.Kvs{"user": "7"})
	_ = job.EventErr("password", errors.New("it is wrong"))
	job.Timing("hash", 250_000_000)
	job.Gauge("queue", 3.5)
	job.Complete(health.Success)
	job.Complete(health.ValidationError)
	_ = stream.Run("worker", func() error { panic("as asked") })
	expect(t, registry, map[string]string{
		`health_events_total{job="login",event="begun"}`:                         "2",
		`health_event_errors_total{job="login",event="password"}`:                "1",
		`health_event_errors_total{job="worker",event="panic"}`:                  "1",
		`health_timing_seconds_sum{job="login",event="hash"}`:                    "0.25",
		`health_timing_seconds_bucket{job="login",event="hash",le="0.25"}`:       "1",
		`health_gauge{job="login",event="queue"}`:                                "3.5",
		`health_completions_total{job="login",status="success"}`:                 "1",
		`health_completions_total{job="login",status="validation_error"}`:        "1",
		`health_completions_total{job="worker",status="panic"}`:                  "1",
		`health_completion_duration_seconds_count{job="login",status="success"}`: "1",
		`health_completion_duration_seconds_count{job="worker",status="panic"}`:  "1",
	})
	if text := rendered(t, registry); strings.Contains(text, "user") || strings.Contains(text, "wrong") {
		t.Errorf("key-values or error texts are labels:\n%s", text)
	}
}

func TestOnlyListedKeysAreLabels(t *testing.T) {
	stream, registry := newStream(tykhealth.Options{Namespace: "app", Keys: []string{"region"}})
	job := stream.NewJob("pay")
	job.EventKv("sent", health.Kvs{"region": "eu", "user": "7"})
	job.Event("sent")
	expect(t, registry, map[string]string{
		`app_events_total{job="pay",event="sent",region="eu"}`: "1",
		`app_events_total{job="pay",event="sent",region=""}`:   "1",
	})
}

func TestMiddlewareCallsHaveTheGatewaysOwnHistogram(t *testing.T) {
	stream, registry := newStream(tykhealth.Tyk())
	job := stream.NewJob("MiddlewareCall")
	job.TimingKv("exec", 2_000_000, health.Kvs{"mw_name": "RateLimit", "api_id": "42"})
	job.TimingKv("exec", 4_000_000, health.Kvs{"mw_name": "RateLimit", "api_id": "42"})
	job.TimingKv("exec", 1_000_000, health.Kvs{"mw_name": "CORS"})
	job.TimingKv("exec", 1_000_000, health.Kvs{"api_id": "42"})
	stream.NewJob("ProxyCall").TimingKv("exec", 1_000_000, health.Kvs{"mw_name": "RateLimit"})
	const own = "tyk_gateway_processing_middleware_execution_seconds"
	expect(t, registry, map[string]string{
		own + `_count{middleware_name="RateLimit",api_id="42"}`:               "2",
		own + `_sum{middleware_name="RateLimit",api_id="42"}`:                 "0.006",
		own + `_bucket{middleware_name="RateLimit",api_id="42",le="0.005"}`:   "2",
		own + `_bucket{middleware_name="RateLimit",api_id="42",le="0.001"}`:   "0",
		own + `_count{middleware_name="CORS",api_id=""}`:                      "1",
		`tyk_gateway_timing_seconds_count{job="MiddlewareCall",event="exec"}`: "1",
		`tyk_gateway_timing_seconds_count{job="ProxyCall",event="exec"}`:      "1",
	})
}

func TestATimeBelowZeroIsZero(t *testing.T) {
	stream, registry := newStream(tykhealth.Options{})
	stream.Timing("clock", -5)
	expect(t, registry, map[string]string{
		`health_timing_seconds_sum{job="general",event="clock"}`:   "0",
		`health_timing_seconds_count{job="general",event="clock"}`: "1",
	})
}

func TestManyGoroutinesLoseNothing(t *testing.T) {
	stream, registry := newStream(tykhealth.Tyk())
	var all sync.WaitGroup
	for range 8 {
		all.Add(1)
		go func() {
			defer all.Done()
			job := stream.NewJob("MiddlewareCall")
			for range 1000 {
				job.Event("tick")
				job.TimingKv("exec", 1000, health.Kvs{"mw_name": "CORS", "api_id": "1"})
			}
		}()
	}
	all.Wait()
	expect(t, registry, map[string]string{
		`tyk_gateway_events_total{job="MiddlewareCall",event="tick"}`:                                  "8000",
		`tyk_gateway_processing_middleware_execution_seconds_count{middleware_name="CORS",api_id="1"}`: "8000",
	})
}

func TestAnEmissionAllocatesNothing(t *testing.T) {
	sink := tykhealth.MustSink(func() tykhealth.Options {
		o := tykhealth.Tyk()
		o.Registry = tykmetrics.NewRegistry()
		return o
	}())
	kvs := map[string]string{"mw_name": "CORS", "api_id": "1"}
	for name, emit := range map[string]func(){
		"event":    func() { sink.EmitEvent("a", "b", kvs) },
		"error":    func() { sink.EmitEventErr("a", "b", nil, kvs) },
		"timing":   func() { sink.EmitTiming("MiddlewareCall", "b", 1, kvs) },
		"gauge":    func() { sink.EmitGauge("a", "b", 1, kvs) },
		"complete": func() { sink.EmitComplete("a", health.Success, 1, kvs) },
	} {
		if n := testing.AllocsPerRun(100, emit); n != 0 {
			t.Errorf("%s costs %v allocations", name, n)
		}
	}
}

func TestAnInvalidNameIsAnError(t *testing.T) {
	_, err := tykhealth.NewSink(tykhealth.Options{Registry: tykmetrics.NewRegistry(), Keys: []string{"job"}})
	if err == nil {
		t.Error("a label that is there twice is no error")
	}
}
