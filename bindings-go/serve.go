package tykmetrics

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/tykmetrics/tykmetrics/bindings-go/internal/native"
)

// Server serves a registry over HTTP until it is closed. Serve starts one.
type Server struct {
	native   *native.CServer
	registry *Registry
	url      string
	addr     net.Addr
	log      func(string)

	closing sync.Once
	closed  chan struct{}

	mu   sync.Mutex
	last string // what was said of collectors last
	when time.Time
}

// Servers that run, with what they serve: C holds the engine's registry, and collectors are held by Go's.
var serving sync.Map // *Server to nothing

// Serve starts a server of its own for metrics: at /metrics in the format and compression that a client asks for, with a
// page for people at /, /health, and the other routes of docs/configuration.md. The zero ServerConfig serves the
// DefaultGatherer at 127.0.0.1:9090, or as the environment says.
//
// It runs on threads of its own, not on goroutines: a scrape is rendered outside of Go's heap and of its scheduler, which
// is only asked for collectors written in Go. It goes on until Shutdown or Close is called, whether or not the *Server is
// kept.
//
// Hygiene.Enabled and Routes.Reset need the one *Registry that made the series. Of several Gatherers and of a GathererFunc
// a copy is served, which can keep no secret and resets nothing: if either is asked for, by the configuration or by the
// environment, that is an error of code InvalidConfig. Collectors written in Go are never cleaned or reset, of whichever
// registry.
//
// Everything that can be wrong is an error, after which nothing is left behind; errors.Is tells what it was: Disabled,
// AddressInUse (also syscall.EADDRINUSE), InvalidConfig, InvalidCertificate and their like.
func Serve(config ServerConfig) (*Server, error) {
	of := config.Registry
	if of == nil {
		of = DefaultGatherer
	}
	settings, err := config.settings()
	if err != nil {
		return nil, err
	}
	s := &Server{registry: of.registry(), log: config.Log, closed: make(chan struct{})}
	if s.log == nil {
		s.log = func(message string) { fmt.Fprintln(os.Stderr, "tykmetrics:", message) }
	}
	if s.registry.err != nil {
		return nil, s.registry.err
	}
	if s.registry.copies != "" {
		if err := config.refusedOf(s.registry.copies); err != nil {
			return nil, err
		}
	}
	s.native, err = native.Serve(s.registry.native, settings, s.tell)
	runtime.KeepAlive(s.registry)
	if err != nil {
		return nil, failure(err)
	}
	var address string
	s.url, address = native.ServerURL(s.native)
	s.addr = addressOf(address)
	serving.Store(s, nil)
	s.registry.serve(s, true)
	return s, nil
}

// addressOf is an address as the engine writes it.
func addressOf(text string) net.Addr {
	if path, unix := strings.CutPrefix(text, "unix:"); unix {
		return &net.UnixAddr{Name: path, Net: "unix"}
	}
	// The engine writes what its sockets say.
	at, _ := netip.ParseAddrPort(text)
	return net.TCPAddrFromAddrPort(at)
}

// Addr is where the server listens, with the port that it was given if it asked for any: a *net.TCPAddr or a
// *net.UnixAddr.
func (s *Server) Addr() net.Addr { return s.addr }

// URL is where people and programs find the server, without a path: "http://127.0.0.1:9090", "unix:/run/metrics.sock".
func (s *Server) URL() string { return s.url }

// Shutdown ends the server: the port is free at once, and scrapes that run may finish for as long as ShutdownGrace says.
// It returns nil when all is over, or the context's error before that; the server ends by itself then, within its grace
// and a second. It can be called any number of times. A collector must not wait for it.
func (s *Server) Shutdown(ctx context.Context) error {
	s.closing.Do(func() { go s.end() })
	select {
	case <-s.closed:
		return nil
	default:
	}
	select {
	case <-s.closed:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close is Shutdown with no limit but ShutdownGrace. It returns nil.
func (s *Server) Close() error { return s.Shutdown(context.Background()) }

func (s *Server) end() {
	native.CloseServer(s.native)
	s.registry.serve(s, false)
	serving.Delete(s)
	close(s.closed)
}

// tell is called by the engine, on any thread, and by collectors. Neither a panic nor the end of a goroutine leaves it.
func (s *Server) tell(message string) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() { _ = recover() }()
		s.log(message)
	}()
	<-done
}

// sayOnce is how long what collectors said is not said again.
const sayOnce = time.Minute

// failed says what collectors did wrong in a scrape, if that is news.
func (s *Server) failed(errs []error) {
	message := "collecting: " + errors.Join(errs...).Error()
	s.mu.Lock()
	news := message != s.last || time.Since(s.when) > sayOnce
	if news {
		s.last, s.when = message, time.Now()
	}
	s.mu.Unlock()
	if news {
		s.tell(message)
	}
}

// serve has the registry tell a server what collectors did wrong, or not any more.
func (r *Registry) serve(s *Server, serves bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if serves {
		if r.servers == nil {
			r.servers = map[*Server]struct{}{}
		}
		r.servers[s] = struct{}{}
	} else {
		delete(r.servers, s)
	}
}

// unheard tells servers what collectors did wrong in a scrape that no call of this package waits for.
func (r *Registry) unheard(errs []error) {
	r.mu.Lock()
	servers := make([]*Server, 0, len(r.servers))
	for s := range r.servers {
		servers = append(servers, s)
	}
	r.mu.Unlock()
	for _, s := range servers {
		s.failed(errs)
	}
}
