package tykgrpc_test

import (
	"testing"

	"github.com/tykmetrics/tykmetrics/bindings-go"
	tykgrpc "github.com/tykmetrics/tykmetrics/bindings-go/integrations/grpc"
)

func TestCallsCountAfterTheSeriesWereRemoved(t *testing.T) {
	h := newHouse(t, tykgrpc.Options{})
	total, err := tykmetrics.RegisterOr(h.registry, tykmetrics.NewCounterVec(tykmetrics.CounterOpts{
		Name: "grpc_server_request_total", Help: "Finished calls."}, []string{"method", "code"}))
	if err != nil {
		t.Fatal(err)
	}
	seconds, err := tykmetrics.RegisterOr(h.registry, tykmetrics.NewHistogramVec(tykmetrics.HistogramOpts{
		Name: "grpc_server_request_duration_seconds", Help: "Seconds that calls took."}, []string{"method"}))
	if err != nil {
		t.Fatal(err)
	}
	call := func() {
		if err := h.check(""); err != nil {
			t.Fatal(err)
		}
	}
	call()
	h.expect(requests(check, "OK"), "1")
	total.Reset()
	seconds.Reset()
	call()
	call()
	h.expect(requests(check, "OK"), "2")
	h.expect(`grpc_server_request_duration_seconds_count{method="`+check+`"}`, "2")
}
