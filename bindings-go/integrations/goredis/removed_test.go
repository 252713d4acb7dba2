package tykredis_test

import (
	"testing"

	"github.com/tykmetrics/tykmetrics/bindings-go"
	tykredis "github.com/tykmetrics/tykmetrics/bindings-go/integrations/goredis"
)

func TestOperationsCountAfterTheSeriesWereRemoved(t *testing.T) {
	h := newHouse(t, tykredis.Options{})
	seconds, err := tykmetrics.RegisterOr(h.registry, tykmetrics.NewHistogramVec(tykmetrics.HistogramOpts{
		Name: "redis_operation_duration_seconds", Help: "Redis operation latency in seconds"}, []string{"command"}))
	if err != nil {
		t.Fatal(err)
	}
	set := func() {
		if err := h.Set(ctx, "k", "v", 0).Err(); err != nil {
			t.Fatal(err)
		}
	}
	set()
	seconds.Reset()
	set()
	set()
	h.expect(map[string]string{`redis_operation_duration_seconds_count{command="set"}`: "2"})
}
