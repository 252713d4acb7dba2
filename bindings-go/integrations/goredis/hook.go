package tykredis

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/tykmetrics/tykmetrics/bindings-go"
)

// Hook is a redis.Hook that keeps metrics. One hook may serve several clients.
type Hook struct {
	kind           string
	withoutCommand bool
	duration, dial *tykmetrics.HistogramVec
	errors, failed *tykmetrics.CounterVec

	// The series of the commands, nil if they may expire: they do so only if nobody keeps them.
	commands atomic.Pointer[map[string]tykmetrics.Observer]
	making   sync.Mutex
}

var _ redis.Hook = (*Hook)(nil)

// NewHook makes the metrics, or finds them if they are there. It fails if a name
// is not valid or means something else already.
func NewHook(o Options) (*Hook, error) {
	if o.Registry == nil {
		o.Registry = tykmetrics.DefaultRegisterer
	}
	if o.Buckets == nil {
		o.Buckets = buckets
	}
	h := &Hook{kind: o.Type, withoutCommand: o.WithoutCommand}
	h.commands.Store(&map[string]tykmetrics.Observer{})
	labels := func(own ...string) []string {
		var all []string
		if o.Type != "" {
			all = append(all, "type")
		}
		for _, l := range own {
			if l != "command" || !o.WithoutCommand {
				all = append(all, l)
			}
		}
		return all
	}
	var failed error
	histogram := func(into **tykmetrics.HistogramVec, name, help string, own ...string) {
		if failed == nil {
			*into, failed = tykmetrics.RegisterOr(o.Registry, tykmetrics.NewHistogramVec(tykmetrics.HistogramOpts{
				Namespace: o.Namespace, Subsystem: subsystem, Name: name, Help: help,
				ConstLabels: o.ConstLabels, Buckets: o.Buckets,
			}, labels(own...)))
		}
	}
	counter := func(into **tykmetrics.CounterVec, name, help string, own ...string) {
		if failed == nil {
			*into, failed = tykmetrics.RegisterOr(o.Registry, tykmetrics.NewCounterVec(tykmetrics.CounterOpts{
				Namespace: o.Namespace, Subsystem: subsystem, Name: name, Help: help,
				ConstLabels: o.ConstLabels,
			}, labels(own...)))
		}
	}
	histogram(&h.duration, "operation_duration_seconds", "Redis operation latency in seconds", "command")
	counter(&h.errors, "operation_errors_total", "Redis operations that failed.", "command", "reason")
	histogram(&h.dial, "dial_duration_seconds", "Seconds that connecting to Redis took.")
	counter(&h.failed, "dial_errors_total", "Connections to Redis that failed.", "reason")
	if failed != nil {
		return nil, failed
	}
	return h, nil
}

// MustHook is [NewHook], but panics where that fails.
func MustHook(o Options) *Hook {
	h, err := NewHook(o)
	if err != nil {
		panic(err)
	}
	return h
}

// DialHook measures connecting.
func (h *Hook) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		start := time.Now()
		conn, err := next(ctx, network, addr)
		var room values
		h.dial.WithLabelValues(h.typed(room[:0])...).Observe(time.Since(start).Seconds())
		if err != nil {
			h.failed.WithLabelValues(append(h.typed(room[:0]), reason(err))...).Inc()
		}
		return conn, err
	}
}

// ProcessHook measures commands.
func (h *Hook) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		start := time.Now()
		err := next(ctx, cmd)
		if greets(cmd) {
			return err
		}
		h.record(cmd.FullName(), time.Since(start), err)
		return err
	}
}

// ProcessPipelineHook measures pipelines.
func (h *Hook) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		start := time.Now()
		err := next(ctx, cmds)
		if allGreet(cmds) {
			return err
		}
		took := time.Since(start)
		name := "pipeline"
		if cmds[0].Name() == "multi" {
			name = "transaction"
		}
		h.record(name, took, worst(err, cmds))
		return err
	}
}

// worst looks behind a redis.Nil, which hides the errors of later commands.
func worst(err error, cmds []redis.Cmder) error {
	if err == nil || !errors.Is(err, redis.Nil) {
		return err
	}
	for _, cmd := range cmds {
		if err := cmd.Err(); err != nil && !errors.Is(err, redis.Nil) {
			return err
		}
	}
	return nil
}

func (h *Hook) record(command string, took time.Duration, err error) {
	command, duration := h.find(command)
	duration.Observe(took.Seconds())
	if err == nil || errors.Is(err, redis.Nil) {
		return
	}
	var room values
	labels := h.typed(room[:0])
	if !h.withoutCommand {
		labels = append(labels, command)
	}
	h.errors.WithLabelValues(append(labels, reason(err))...).Inc()
}

// values has room for the labels that there are: type, command, reason.
type values [3]string

func (h *Hook) typed(into []string) []string {
	if h.kind != "" {
		into = append(into, h.kind)
	}
	return into
}

// commandsKept is how many commands have names; the others are "other". Redis has
// some 250 with its modules, but Do sends whatever the program makes up.
const commandsKept = 512

const other = "other"

func (h *Hook) find(command string) (string, tykmetrics.Observer) {
	if h.withoutCommand {
		command = ""
	}
	// Acquire, as every load of sync/atomic: a found map has its handles.
	known := *h.commands.Load()
	found, ok := known[command]
	if !ok && len(known) >= commandsKept {
		command = other
		found, ok = known[command]
	}
	switch {
	case ok && listed(found):
		return command, found
	case ok && h.duration.Expires():
		return command, h.bind(command)
	}
	return h.add(command)
}

// listed says whether the series is shown: it may have been removed.
func listed(series tykmetrics.Observer) bool {
	of, ok := series.(tykmetrics.Listable)
	return ok && of.Listed()
}

func (h *Hook) bind(command string) tykmetrics.Observer {
	var room values
	labels := h.typed(room[:0])
	if !h.withoutCommand {
		labels = append(labels, command)
	}
	return h.duration.WithLabelValues(labels...)
}

func (h *Hook) add(command string) (string, tykmetrics.Observer) {
	h.making.Lock()
	defer h.making.Unlock()
	known := *h.commands.Load()
	if _, ok := known[command]; !ok && len(known) >= commandsKept {
		command = other
	}
	if found, ok := known[command]; ok && listed(found) {
		return command, found
	}
	made := h.bind(command)
	grown := make(map[string]tykmetrics.Observer, len(known)+1)
	for k, v := range known {
		grown[k] = v
	}
	grown[strings.Clone(command)] = nil
	if !h.duration.Expires() {
		grown[command] = made
	}
	// Release: who finds the map finds its handles.
	h.commands.Store(&grown)
	return command, made
}
