package tykredis_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/tykmetrics/tykmetrics/bindings-go"
	tykredis "github.com/tykmetrics/tykmetrics/bindings-go/integrations/goredis"
)

// house is a server on a socket of loopback, and a measured client of it.
type house struct {
	*redis.Client
	t        *testing.T
	server   *miniredis.Miniredis
	registry *tykmetrics.Registry
}

func newHouse(t *testing.T, o tykredis.Options) *house {
	t.Helper()
	h := &house{t: t, server: miniredis.RunT(t), registry: tykmetrics.NewRegistry()}
	o.Registry = h.registry
	h.Client = redis.NewClient(&redis.Options{
		Addr: h.server.Addr(), MaxRetries: -1, PoolSize: 2, DialTimeout: time.Second,
		// So that a connection begins with all that there is.
		DB: 1, ClientName: "tests",
	})
	t.Cleanup(func() { _ = h.Close() })
	h.AddHook(tykredis.MustHook(o))
	return h
}

func (h *house) expect(want map[string]string) {
	h.t.Helper()
	text := rendered(h.t, h.registry)
	for sample, value := range want {
		if !strings.Contains(text, "\n"+sample+" "+value+"\n") {
			h.t.Errorf("%s %s is not in\n%s", sample, value, text)
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

var ctx = context.Background()

func TestOperationsAreTimedByCommand(t *testing.T) {
	h := newHouse(t, tykredis.Options{})
	if err := errors.Join(h.Set(ctx, "k", "v", 0).Err(), h.Get(ctx, "k").Err(), h.Get(ctx, "k").Err()); err != nil {
		t.Fatal(err)
	}
	if err := h.Get(ctx, "missing").Err(); !errors.Is(err, redis.Nil) {
		t.Fatal(err)
	}
	h.expect(map[string]string{
		`redis_operation_duration_seconds_count{command="set"}`: "1",
		`redis_operation_duration_seconds_count{command="get"}`: "3",
		`redis_dial_duration_seconds_count`:                     "1",
	})
	if text := rendered(t, h.registry); strings.Contains(text, "errors_total{") {
		t.Errorf("redis.Nil is an error:\n%s", text)
	}
}

func TestErrorsAreCountedByReason(t *testing.T) {
	h := newHouse(t, tykredis.Options{})
	h.Set(ctx, "text", "v", 0)
	h.Incr(ctx, "text")
	gone, leave := context.WithCancel(ctx)
	leave()
	h.Get(gone, "k")
	h.expect(map[string]string{
		`redis_operation_errors_total{command="incr",reason="reply"}`:   "1",
		`redis_operation_errors_total{command="get",reason="canceled"}`: "1",
	})
	h.server.Close()
	h.Get(ctx, "k")
	text := rendered(t, h.registry)
	if !strings.Contains(text, `redis_operation_errors_total{command="get",reason="network"} 1`) {
		t.Errorf("a server that is gone is no network error:\n%s", text)
	}
	_ = h.Close()
	h.Get(ctx, "k")
	h.expect(map[string]string{`redis_operation_errors_total{command="get",reason="closed"}`: "1"})
}

func TestAFailedDialIsCounted(t *testing.T) {
	h := newHouse(t, tykredis.Options{})
	h.server.Close()
	if h.Get(ctx, "k").Err() == nil {
		t.Fatal("a server that is gone answers")
	}
	text := rendered(t, h.registry)
	if !strings.Contains(text, `redis_dial_errors_total{reason="network"} `) {
		t.Errorf("the dial is not counted:\n%s", text)
	}
}

func TestAPipelineIsOneOperation(t *testing.T) {
	h := newHouse(t, tykredis.Options{})
	_, err := h.Pipelined(ctx, func(p redis.Pipeliner) error {
		p.Get(ctx, "missing")
		p.Set(ctx, "k", "v", 0)
		return nil
	})
	if !errors.Is(err, redis.Nil) {
		t.Fatal(err)
	}
	if _, err := h.TxPipelined(ctx, func(p redis.Pipeliner) error { p.Set(ctx, "k", "v", 0); return nil }); err != nil {
		t.Fatal(err)
	}
	h.expect(map[string]string{
		`redis_operation_duration_seconds_count{command="pipeline"}`:    "1",
		`redis_operation_duration_seconds_count{command="transaction"}`: "1",
	})
	// A missing key must not hide what fails after it.
	_, err = h.Pipelined(ctx, func(p redis.Pipeliner) error {
		p.Get(ctx, "missing")
		p.Incr(ctx, "k")
		return nil
	})
	if !errors.Is(err, redis.Nil) {
		t.Fatal(err)
	}
	h.expect(map[string]string{`redis_operation_errors_total{command="pipeline",reason="reply"}`: "1"})
}

func TestAWatchedKeyThatChangesIsATransactionError(t *testing.T) {
	h := newHouse(t, tykredis.Options{})
	err := h.Watch(ctx, func(tx *redis.Tx) error {
		if err := h.Set(ctx, "k", "other", 0).Err(); err != nil {
			return err
		}
		_, err := tx.TxPipelined(ctx, func(p redis.Pipeliner) error { p.Set(ctx, "k", "mine", 0); return nil })
		return err
	}, "k")
	if !errors.Is(err, redis.TxFailedErr) {
		t.Fatal(err)
	}
	h.expect(map[string]string{`redis_operation_errors_total{command="transaction",reason="transaction"}`: "1"})
}

func TestCommandsThatThereAreNotHaveALimit(t *testing.T) {
	h := newHouse(t, tykredis.Options{})
	for i := range 600 {
		if h.Do(ctx, fmt.Sprintf("made-up-%d", i)).Err() == nil {
			t.Fatal("a command that there is not works")
		}
	}
	h.expect(map[string]string{
		`redis_operation_duration_seconds_count{command="made-up-511"}`: "1",
		`redis_operation_duration_seconds_count{command="other"}`:       "88",
		`redis_operation_errors_total{command="other",reason="reply"}`:  "88",
	})
}

func TestClientsAreToldApartByType(t *testing.T) {
	h := newHouse(t, tykredis.Options{Type: "cache"})
	if err := h.Set(ctx, "k", "v", 0).Err(); err != nil {
		t.Fatal(err)
	}
	h.Incr(ctx, "k")
	h.expect(map[string]string{
		`redis_operation_duration_seconds_count{type="cache",command="set"}`:       "1",
		`redis_operation_errors_total{type="cache",command="incr",reason="reply"}`: "1",
		`redis_dial_duration_seconds_count{type="cache"}`:                          "1",
	})
}

func TestTyksNames(t *testing.T) {
	h := newHouse(t, tykredis.Tyk())
	h.registry.MustRegister(tykredis.NewPools(tykredis.Tyk()).Add("default", h.Client))
	if err := h.Set(ctx, "k", "v", 0).Err(); err != nil {
		t.Fatal(err)
	}
	h.expect(map[string]string{
		`tyk_gateway_redis_operation_duration_seconds_count`:   "1",
		`tyk_gateway_redis_pool_size{type="default"}`:          "1",
		`tyk_gateway_redis_active_connections{type="default"}`: "0",
	})
}

func TestPoolsAreAskedAtTheScrape(t *testing.T) {
	h := newHouse(t, tykredis.Options{})
	pools := tykredis.NewPools(tykredis.Options{}).Add("default", h.Client)
	h.registry.MustRegister(pools)
	// A connection is taken until it is closed.
	taken := h.Conn()
	if err := errors.Join(taken.Ping(ctx).Err(), h.Set(ctx, "k", "v", 0).Err()); err != nil {
		t.Fatal(err)
	}
	stats := h.PoolStats()
	h.expect(map[string]string{
		`redis_pool_size{type="default"}`:          "2",
		`redis_active_connections{type="default"}`: "1",
		`redis_idle_connections{type="default"}`:   "1",
		`redis_pool_misses_total{type="default"}`:  fmt.Sprint(stats.Misses),
		`redis_pool_hits_total{type="default"}`:    fmt.Sprint(stats.Hits),
		`redis_pool_stale_total{type="default"}`:   "0",
	})
	_ = taken.Close()
	h.expect(map[string]string{`redis_active_connections{type="default"}`: "0"})
	pools.Remove("default")
	if text := rendered(t, h.registry); strings.Contains(text, "default") {
		t.Errorf("a pool that was removed is shown:\n%s", text)
	}
}

func TestAPoolWithoutAFreeConnectionIsAReason(t *testing.T) {
	server := miniredis.RunT(t)
	registry := tykmetrics.NewRegistry()
	client := redis.NewClient(&redis.Options{
		Addr: server.Addr(), PoolSize: 1, PoolTimeout: time.Millisecond, MaxRetries: -1,
	})
	defer client.Close()
	client.AddHook(tykredis.MustHook(tykredis.Options{Registry: registry}))
	taken := client.Conn()
	defer taken.Close()
	if err := taken.Ping(ctx).Err(); err != nil {
		t.Fatal(err)
	}
	if err := client.Get(ctx, "k").Err(); !errors.Is(err, redis.ErrPoolTimeout) {
		t.Fatal(err)
	}
	if text := rendered(t, registry); !strings.Contains(text, `redis_operation_errors_total{command="get",reason="pool"} 1`) {
		t.Errorf("the reason is not the pool:\n%s", text)
	}
}

func TestAnOperationAllocatesNothing(t *testing.T) {
	hook := tykredis.MustHook(tykredis.Options{Registry: tykmetrics.NewRegistry(), Type: "default"})
	cmd := redis.NewStatusCmd(ctx, "set", "k", "v")
	process := hook.ProcessHook(func(context.Context, redis.Cmder) error { return redis.Nil })
	if n := testing.AllocsPerRun(200, func() { _ = process(ctx, cmd) }); n != 0 {
		t.Errorf("an operation costs %v allocations", n)
	}
}
