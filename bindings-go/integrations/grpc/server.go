package tykgrpc

import (
	"context"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tykmetrics/tykmetrics/bindings-go"
)

// Server holds the metrics of gRPC servers.
type Server struct {
	requests, panics, received, sent *tykmetrics.CounterVec
	duration                         *tykmetrics.HistogramVec
	inFlight                         *tykmetrics.UpDownVec
	connections                      tykmetrics.UpDown

	methods methods
}

// NewServer makes the metrics, or finds them if they are there. It fails if a name
// is not valid or means something else already.
func NewServer(o Options) (*Server, error) {
	o.fill()
	s := &Server{}
	var failed error
	counter := func(into **tykmetrics.CounterVec, name, help string, labels ...string) {
		if failed != nil || name == Off {
			return
		}
		*into, failed = tykmetrics.RegisterOr(o.Registry, tykmetrics.NewCounterVec(tykmetrics.CounterOpts{
			Namespace: o.Namespace, Name: name, Help: help, ConstLabels: o.ConstLabels,
		}, labels))
	}
	counter(&s.requests, o.Names.Requests, "Finished calls.", "method", "code")
	counter(&s.panics, o.Names.Panics, "Calls whose handler panicked.", "method")
	counter(&s.received, o.Names.Received, "Messages that streams received.", "method")
	counter(&s.sent, o.Names.Sent, "Messages that streams sent.", "method")
	if failed == nil && o.Names.Duration != Off {
		s.duration, failed = tykmetrics.RegisterOr(o.Registry, tykmetrics.NewHistogramVec(tykmetrics.HistogramOpts{
			Namespace: o.Namespace, Name: o.Names.Duration, Help: "Seconds that calls took.",
			ConstLabels: o.ConstLabels, Buckets: o.Buckets,
		}, []string{"method"}))
	}
	if failed == nil && o.Names.InFlight != Off {
		s.inFlight, failed = tykmetrics.RegisterOr(o.Registry, tykmetrics.NewUpDownVec(tykmetrics.UpDownOpts{
			Namespace: o.Namespace, Name: o.Names.InFlight, Help: "Calls that are being handled.",
			ConstLabels: o.ConstLabels,
		}, []string{"method"}))
	}
	if failed == nil && o.Names.Connections != Off {
		s.connections, failed = tykmetrics.RegisterOr(o.Registry, tykmetrics.NewUpDown(tykmetrics.UpDownOpts{
			Namespace: o.Namespace, Name: o.Names.Connections, Help: "Connections that are open.",
			ConstLabels: o.ConstLabels,
		}))
	}
	if failed != nil {
		return nil, failed
	}
	s.methods.init(o.MethodLimit)
	return s, nil
}

// MustServer is [NewServer], but panics where that fails.
func MustServer(o Options) *Server {
	s, err := NewServer(o)
	if err != nil {
		panic(err)
	}
	return s
}

// ServerOptions is all that grpc.NewServer needs: both interceptors, chained, and
// the handler that follows connections.
func (s *Server) ServerOptions() []grpc.ServerOption {
	return []grpc.ServerOption{
		grpc.ChainUnaryInterceptor(s.UnaryServerInterceptor()),
		grpc.ChainStreamInterceptor(s.StreamServerInterceptor()),
		grpc.StatsHandler(s.StatsHandler()),
	}
}

// Know lists the methods that there are, once all services are registered with
// server. It may be called for several servers. Each listed method has its series
// from then on, so that rates begin at zero; all other methods are "unknown".
func (s *Server) Know(server interface {
	GetServiceInfo() map[string]grpc.ServiceInfo
}) {
	for service, info := range server.GetServiceInfo() {
		for _, method := range info.Methods {
			full := "/" + service + "/" + method.Name
			s.methods.list(full, s.bind)
		}
	}
}

// UnaryServerInterceptor measures calls with one message each way.
func (s *Server) UnaryServerInterceptor() grpc.UnaryServerInterceptor {
	return func(ctx context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (answer any, err error) {
		c := s.begin(info.FullMethod)
		// Not recovered: a panic goes on with its value and its stack.
		defer func() { c.end(err) }()
		answer, err = handler(ctx, request)
		c.returned = true
		return answer, err
	}
}

// StreamServerInterceptor measures calls with any number of messages.
func (s *Server) StreamServerInterceptor() grpc.StreamServerInterceptor {
	return func(service any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) (err error) {
		c := s.begin(info.FullMethod)
		// Not recovered: a panic goes on with its value and its stack.
		defer func() { c.end(err) }()
		err = handler(service, &measuredStream{ServerStream: stream, method: c.method})
		c.returned = true
		return err
	}
}

type measuredStream struct {
	grpc.ServerStream
	method *method
}

func (m *measuredStream) SendMsg(message any) error {
	err := m.ServerStream.SendMsg(message)
	if err == nil {
		increment(&m.method.sent)
	}
	return err
}

func (m *measuredStream) RecvMsg(message any) error {
	err := m.ServerStream.RecvMsg(message)
	if err == nil {
		increment(&m.method.received)
	}
	return err
}

// call is one call that is being handled.
type call struct {
	method   *method
	inFlight tykmetrics.UpDown
	start    time.Time
	returned bool
}

func (s *Server) begin(full string) call {
	m := s.methods.find(full, s.bind)
	// One handle for both ends: a series that began in between has not counted this call.
	inFlight := m.inFlight.get()
	if inFlight != nil {
		inFlight.Inc()
	}
	return call{method: m, inFlight: inFlight, start: time.Now()}
}

func (c *call) end(err error) {
	m := c.method
	if c.inFlight != nil {
		c.inFlight.Dec()
	}
	if duration := m.duration.get(); duration != nil {
		duration.Observe(time.Since(c.start).Seconds())
	}
	code := codes.Internal
	if c.returned {
		code = codeOf(err)
	} else {
		increment(&m.panics)
	}
	m.count(code)
}

func increment(counter *kept[tykmetrics.Counter]) {
	if c := counter.get(); c != nil {
		c.Inc()
	}
}

// codeOf is the code that the client gets for err.
func codeOf(err error) codes.Code {
	s, ok := status.FromError(err)
	if !ok {
		// As the server does with errors that are no statuses.
		s = status.FromContextError(err)
	}
	if code := s.Code(); code < codesKnown {
		return code
	}
	// Any number can be sent; gRPC says Unknown for those without a name.
	return codes.Unknown
}

// CountPanic counts a panic that the interceptors do not see, for what recovers panics
// inside of them.
func (s *Server) CountPanic(fullMethod string) {
	increment(&s.methods.find(fullMethod, s.bind).panics)
}
