package tykgrpc_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/tykmetrics/tykmetrics/bindings-go"
	tykgrpc "github.com/tykmetrics/tykmetrics/bindings-go/integrations/grpc"
)

const (
	check = "/grpc.health.v1.Health/Check"
	watch = "/grpc.health.v1.Health/Watch"
)

// service is the health service, but for names that make it fail.
type service struct{ *health.Server }

func (s service) Check(ctx context.Context, r *healthpb.HealthCheckRequest) (*healthpb.HealthCheckResponse, error) {
	switch r.Service {
	case "panic":
		panic("as asked")
	case "plain":
		return nil, context.DeadlineExceeded
	case "odd":
		return nil, status.Error(codes.Code(4711), "no such code")
	}
	return s.Server.Check(ctx, r)
}

// house is a server on a socket of loopback, and a client of it.
type house struct {
	t        *testing.T
	registry *tykmetrics.Registry
	metrics  *tykgrpc.Server
	server   *grpc.Server
	health   *health.Server
	conn     *grpc.ClientConn
	client   healthpb.HealthClient
}

func newHouse(t *testing.T, o tykgrpc.Options, more ...grpc.ServerOption) *house {
	t.Helper()
	h := &house{t: t, registry: tykmetrics.NewRegistry(), health: health.NewServer()}
	o.Registry = h.registry
	h.metrics = tykgrpc.MustServer(o)
	recovering := []grpc.ServerOption{
		grpc.ChainUnaryInterceptor(func(ctx context.Context, r any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (answer any, err error) {
			defer func() {
				if cause := recover(); cause != nil {
					err = status.Errorf(codes.Internal, "recovered: %v", cause)
				}
			}()
			return next(ctx, r)
		}),
	}
	h.server = grpc.NewServer(append(append(recovering, h.metrics.ServerOptions()...), more...)...)
	healthpb.RegisterHealthServer(h.server, service{h.health})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = h.server.Serve(listener) }()
	t.Cleanup(h.server.Stop)
	h.conn, err = grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.conn.Close() })
	h.client = healthpb.NewHealthClient(h.conn)
	return h
}

func (h *house) check(service string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	_, err := h.client.Check(ctx, &healthpb.HealthCheckRequest{Service: service})
	return err
}

// expect waits for a sample: a client has its answer before the interceptor returns.
func (h *house) expect(sample, want string) {
	h.t.Helper()
	got := ""
	for range 1000 {
		if got = value(h.t, h.registry, sample); got == want {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	h.t.Errorf("%s is %q, not %q", sample, got, want)
}

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

func requests(method, code string) string {
	return fmt.Sprintf(`grpc_server_request_total{method=%q,code=%q}`, method, code)
}

func TestUnaryCallsAreCountedByMethodAndCode(t *testing.T) {
	h := newHouse(t, tykgrpc.Options{})
	for range 3 {
		if err := h.check(""); err != nil {
			t.Fatal(err)
		}
	}
	if code := status.Code(h.check("nobody")); code != codes.NotFound {
		t.Fatalf("the code is %v", code)
	}
	h.expect(requests(check, "OK"), "3")
	h.expect(requests(check, "NotFound"), "1")
	h.expect(`grpc_server_request_duration_seconds_count{method="`+check+`"}`, "4")
	h.expect(`grpc_server_in_flight_requests{method="`+check+`"}`, "0")
	h.expect(`grpc_server_panic_total{method="`+check+`"}`, "0")
}

func TestTheCodeIsTheOneThatTheClientGets(t *testing.T) {
	h := newHouse(t, tykgrpc.Options{})
	if code := status.Code(h.check("plain")); code != codes.DeadlineExceeded {
		t.Fatalf("the client gets %v", code)
	}
	_ = h.check("odd")
	h.expect(requests(check, "DeadlineExceeded"), "1")
	h.expect(requests(check, "Unknown"), "1")
}

func TestAPanicIsCountedAndRecoveredOutside(t *testing.T) {
	h := newHouse(t, tykgrpc.Options{})
	err := h.check("panic")
	if status.Code(err) != codes.Internal || !strings.Contains(err.Error(), "recovered: as asked") {
		t.Fatalf("the client gets %v", err)
	}
	h.expect(`grpc_server_panic_total{method="`+check+`"}`, "1")
	h.expect(requests(check, "Internal"), "1")
	h.expect(`grpc_server_in_flight_requests{method="`+check+`"}`, "0")
}

func TestStreamsAndTheirMessagesAreCounted(t *testing.T) {
	h := newHouse(t, tykgrpc.Options{})
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	stream, err := h.client.Watch(ctx, &healthpb.HealthCheckRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for _, next := range []healthpb.HealthCheckResponse_ServingStatus{
		healthpb.HealthCheckResponse_NOT_SERVING, healthpb.HealthCheckResponse_SERVING,
	} {
		if _, err := stream.Recv(); err != nil {
			t.Fatal(err)
		}
		h.health.SetServingStatus("", next)
	}
	if _, err := stream.Recv(); err != nil {
		t.Fatal(err)
	}
	h.expect(`grpc_server_in_flight_requests{method="`+watch+`"}`, "1")
	h.expect(`grpc_server_active_connections`, "1")
	stop()
	h.expect(requests(watch, "Canceled"), "1")
	h.expect(`grpc_server_msg_received_total{method="`+watch+`"}`, "1")
	h.expect(`grpc_server_msg_sent_total{method="`+watch+`"}`, "3")
	h.expect(`grpc_server_in_flight_requests{method="`+watch+`"}`, "0")
	_ = h.conn.Close()
	h.expect(`grpc_server_active_connections`, "0")
}

// anything is a handler for every service there is not.
var anything = grpc.UnknownServiceHandler(func(any, grpc.ServerStream) error {
	return status.Error(codes.Unimplemented, "nothing here")
})

func (h *house) invoke(method string) {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	err := h.conn.Invoke(ctx, method, &healthpb.HealthCheckRequest{}, &healthpb.HealthCheckResponse{})
	if status.Code(err) != codes.Unimplemented {
		h.t.Fatalf("%s gives %v", method, err)
	}
}

func TestMethodsThatAreNotKnownAreOne(t *testing.T) {
	h := newHouse(t, tykgrpc.Options{}, anything)
	h.metrics.Know(h.server)
	h.expect(`grpc_server_in_flight_requests{method="`+check+`"}`, "0")
	for i := range 5 {
		h.invoke(fmt.Sprintf("/made.Up/Method%d", i))
	}
	h.expect(requests("unknown", "Unimplemented"), "5")
	if err := h.check(""); err != nil {
		t.Fatal(err)
	}
	h.expect(requests(check, "OK"), "1")
}

func TestMethodsWithoutEndHaveALimit(t *testing.T) {
	h := newHouse(t, tykgrpc.Options{MethodLimit: 2}, anything)
	for i := range 5 {
		h.invoke(fmt.Sprintf("/made.Up/Method%d", i))
	}
	h.expect(requests("/made.Up/Method1", "Unimplemented"), "1")
	h.expect(requests("unknown", "Unimplemented"), "3")
}

func TestNamesCanBeChangedAndLeftOut(t *testing.T) {
	h := newHouse(t, tykgrpc.Options{Namespace: "meta", Names: tykgrpc.Names{
		Requests: "rpc_total", Duration: tykgrpc.Off, InFlight: tykgrpc.Off, Panics: tykgrpc.Off,
		Received: tykgrpc.Off, Sent: tykgrpc.Off, Connections: tykgrpc.Off,
	}})
	_ = h.check("panic")
	h.expect(`meta_rpc_total{method="`+check+`",code="Internal"}`, "1")
	var text strings.Builder
	if err := h.registry.Render(&text, "text"); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(text.String(), "# TYPE"); n != 1 {
		t.Errorf("there are %d metrics:\n%s", n, &text)
	}
}

func TestAMetricOfAnotherKindIsAnError(t *testing.T) {
	registry := tykmetrics.NewRegistry()
	registry.MustRegister(tykmetrics.NewGauge(tykmetrics.GaugeOpts{Name: "grpc_server_request_total"}))
	if _, err := tykgrpc.NewServer(tykgrpc.Options{Registry: registry}); err == nil {
		t.Error("there is no error")
	}
}

func TestAUnaryCallAllocatesNothing(t *testing.T) {
	metrics := tykgrpc.MustServer(tykgrpc.Options{Registry: tykmetrics.NewRegistry()})
	intercept := metrics.UnaryServerInterceptor()
	info := &grpc.UnaryServerInfo{FullMethod: check}
	handler := func(context.Context, any) (any, error) { return nil, nil }
	n := testing.AllocsPerRun(200, func() { _, _ = intercept(context.Background(), nil, info, handler) })
	if n != 0 {
		t.Errorf("a call costs %v allocations", n)
	}
}

func TestAPanicThatIsRecoveredInsideCanBeCounted(t *testing.T) {
	registry := tykmetrics.NewRegistry()
	metrics := tykgrpc.MustServer(tykgrpc.Options{Registry: registry})
	info := &grpc.UnaryServerInfo{FullMethod: check}
	_, err := metrics.UnaryServerInterceptor()(context.Background(), nil, info, func(context.Context, any) (_ any, err error) {
		defer func() {
			if recover() != nil {
				metrics.CountPanic(info.FullMethod)
				err = status.Error(codes.Internal, "recovered")
			}
		}()
		panic("as asked")
	})
	if status.Code(err) != codes.Internal {
		t.Fatal(err)
	}
	for sample, want := range map[string]string{
		`grpc_server_panic_total{method="` + check + `"}`: "1",
		requests(check, "Internal"):                       "1",
	} {
		if got := value(t, registry, sample); got != want {
			t.Errorf("%s is %q, not %q", sample, got, want)
		}
	}
}
