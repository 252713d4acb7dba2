package tykgrpc

import (
	"strings"
	"sync"
	"sync/atomic"

	"google.golang.org/grpc/codes"

	"github.com/tykmetrics/tykmetrics/bindings-go"
)

// unknown is the method of all calls whose own has no series.
const unknown = "unknown"

// codesKnown is how many codes have names: OK to Unauthenticated.
const codesKnown = codes.Unauthenticated + 1

// method has the handles of one method.
type method struct {
	inFlight               kept[tykmetrics.UpDown]
	duration               kept[tykmetrics.Observer]
	panics, received, sent kept[tykmetrics.Counter]

	codes [codesKnown]kept[tykmetrics.Counter]
}

func (s *Server) bind(name string) *method {
	m := new(method)
	of(&m.panics, s.panics, name)
	of(&m.received, s.received, name)
	of(&m.sent, s.sent, name)
	of(&m.inFlight, s.inFlight, name)
	of(&m.duration, s.duration, name)
	for code := range m.codes {
		of(&m.codes[code], s.requests, name, codes.Code(code).String())
	}
	// Made now, so that rates begin at zero.
	m.panics.get()
	m.received.get()
	m.sent.get()
	m.inFlight.get()
	m.duration.get()
	return m
}

func (m *method) count(code codes.Code) {
	if total := m.codes[code].get(); total != nil {
		total.Inc()
	}
}

// methods finds the handles of a method.
type methods struct {
	known  atomic.Pointer[map[string]*method]
	making sync.Mutex
	limit  int
	listed bool
}

func (m *methods) init(limit int) {
	m.limit = limit
	m.known.Store(&map[string]*method{})
}

func (m *methods) find(name string, bind func(string) *method) *method {
	// Acquire: a found map has its methods.
	if found := among(*m.known.Load(), name); found != nil {
		return found
	}
	m.making.Lock()
	defer m.making.Unlock()
	known := *m.known.Load()
	if found := among(known, name); found != nil {
		return found
	}
	if m.listed || len(known) >= m.limit {
		name = unknown
	}
	return m.add(name, bind)
}

// among finds a method. Once there is one for all unknown ones, no name is added
// but by list, so that what clients think of takes no lock.
func among(known map[string]*method, name string) *method {
	if found := known[name]; found != nil {
		return found
	}
	return known[unknown]
}

// list adds a method that exists, whatever the limit.
func (m *methods) list(name string, bind func(string) *method) {
	m.making.Lock()
	defer m.making.Unlock()
	m.listed = true
	if (*m.known.Load())[name] == nil {
		m.add(name, bind)
	}
}

func (m *methods) add(name string, bind func(string) *method) *method {
	known := *m.known.Load()
	grown := make(map[string]*method, len(known)+1)
	for k, v := range known {
		grown[k] = v
	}
	// The name may be a part of what was received, which would be kept with it.
	name = strings.Clone(name)
	made := bind(name)
	grown[name] = made
	// Release: who finds the map finds its methods.
	m.known.Store(&grown)
	return made
}
