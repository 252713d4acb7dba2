package nethttp

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/tykmetrics/tykmetrics/bindings-go"
	"github.com/tykmetrics/tykmetrics/bindings-go/internal/response"
)

// Server holds the metrics of HTTP servers.
type Server struct {
	families *families
	inFlight tykmetrics.UpDown
	route    func(*http.Request) string
}

// New makes the metrics, or finds them if they are there. It fails if a
// name is not valid or means something else already.
func New(with ...Option) (*Server, error) {
	o := gather("http", with)
	s := &Server{route: o.route}
	var err error
	if s.families, err = newFamilies(&o, "HTTP requests"); err != nil {
		return nil, err
	}
	s.inFlight, err = newInFlight(&o, "HTTP requests that are being handled.")
	return s, err
}

// Middleware returns what wraps a handler. It panics where [New] fails.
func Middleware(with ...Option) func(http.Handler) http.Handler {
	s, err := New(with...)
	if err != nil {
		panic(err)
	}
	return s.Wrap
}

// Wrap measures every request that next handles.
func (s *Server) Wrap(next http.Handler) http.Handler {
	return &measured{server: s, next: next}
}

// SetRoute says the route of the request that w answers, for routers
// that do not set http.Request.Pattern or give handlers a copy of the request.
// The route must come from a bounded set. It reports whether w is measured.
func SetRoute(w http.ResponseWriter, route string) bool {
	return response.SetRoute(w, route)
}

type measured struct {
	server *Server
	next   http.Handler
}

func (m *measured) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s := m.server
	if s.inFlight != nil {
		s.inFlight.Inc()
	}
	start := now()
	rec := response.New(w)
	var body *countedBody
	if r.ContentLength < 0 && r.Body != nil && s.families.requestSize != nil {
		body = &countedBody{ReadCloser: r.Body}
		r.Body = body
	}
	returned := false
	// Not recovered: a panic goes on with its value and its stack.
	defer func() { s.done(rec, r, body, now()-start, returned) }()
	m.next.ServeHTTP(rec.Writer(), r)
	returned = true
}

func (s *Server) done(rec *response.Recorder, r *http.Request, body *countedBody, took time.Duration, returned bool) {
	if s.inFlight != nil {
		s.inFlight.Dec()
	}
	o := outcome{
		ctx:          r.Context(),
		method:       s.families.methods.number(r.Method),
		seconds:      took.Seconds(),
		requestSize:  r.ContentLength,
		responseSize: rec.Written(),
	}
	o.aborted = errors.Is(o.ctx.Err(), context.Canceled)
	switch status := rec.Status(); {
	case status != 0:
		o.status = status
	case rec.Hijacked():
		o.status = hijacked
		if r.Header.Get("Upgrade") != "" {
			o.status = http.StatusSwitchingProtocols
		}
	case !returned:
		o.status = http.StatusInternalServerError
	case o.aborted:
		o.status = StatusClientClosed
	default:
		o.status = http.StatusOK
	}
	if body != nil {
		o.requestSize = body.count.Load()
		if r.Body == body {
			r.Body = body.ReadCloser
		}
	}
	if rec.Hijacked() {
		// What went over the connection afterwards is unknown.
		o.responseSize = -1
	} else if r.Method == http.MethodHead {
		o.responseSize = 0
	}
	s.families.record(s.routeOf(rec, r), &o)
}

func (s *Server) routeOf(rec *response.Recorder, r *http.Request) string {
	route := rec.Route
	if route == "" && s.route != nil {
		route = s.route(r)
	} else if route == "" {
		route = withoutMethod(r.Pattern)
	}
	if route == "" {
		return Unmatched
	}
	return route
}

// withoutMethod makes "/users/{id}" of the pattern "GET /users/{id}": the method is a
// label already.
func withoutMethod(pattern string) string {
	if pattern == "" || pattern[0] == '/' {
		return pattern
	}
	for i := range len(pattern) {
		if pattern[i] == ' ' || pattern[i] == '\t' {
			return strings.TrimLeft(pattern[i:], " \t")
		}
	}
	return pattern
}
