package nethttp

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/tykmetrics/tykmetrics/bindings-go"
)

// Numbers that stand among statuses for what has none.
const (
	odd = -iota // a status that cannot be
	hijacked
	failed
	timedOut
	cancelled
)

// outcome is what one request came to. A size below 0 is unknown.
type outcome struct {
	ctx                       context.Context
	method, status            int
	seconds                   float64
	requestSize, responseSize int64
	aborted                   bool
}

// families holds the metrics with labels, and remembers their handles by route,
// method and status so that a request looks up nothing but its route.
type families struct {
	methods                             methods
	requests, aborted                   *tykmetrics.CounterVec
	duration, requestSize, responseSize *tykmetrics.HistogramVec
	exemplar                            func(context.Context) tykmetrics.Labels
	// Whether handles are kept: a series that expires does so only if nobody keeps it.
	keepsObservers, keepsTotals bool

	known  atomic.Pointer[map[string]*route]
	making sync.Mutex
}

// route has an endpoint for each method, made when it is first asked for.
type route struct {
	methods []atomic.Pointer[endpoint]
}

// endpoint has the handles of one route and method.
type endpoint struct {
	duration, requestSize, responseSize tykmetrics.Observer

	statuses atomic.Pointer[[]answered]
}

type answered struct {
	status int
	total  tykmetrics.Counter
}

// routesKept bounds what a route function with unbounded answers can make this
// package remember; routes beyond it are looked up each time. A large API has
// a thousand routes.
const routesKept = 4096

// record counts one request.
func (f *families) record(name string, o *outcome) {
	e := f.find(name, o.method)
	o.status = normal(o.status)
	if f.requests != nil {
		e.total(f, name, o).Inc()
	}
	if e.duration != nil {
		f.observe(e.duration, o)
	}
	if e.requestSize != nil && o.requestSize >= 0 {
		e.requestSize.Observe(float64(o.requestSize))
	}
	if e.responseSize != nil && o.responseSize >= 0 {
		e.responseSize.Observe(float64(o.responseSize))
	}
	if o.aborted && f.aborted != nil {
		f.aborted.WithLabelValues(f.methods[o.method], name).Inc()
	}
}

func (f *families) observe(duration tykmetrics.Observer, o *outcome) {
	if f.exemplar != nil {
		if labels := f.exemplar(o.ctx); len(labels) > 0 {
			if e, ok := duration.(tykmetrics.ExemplarObserver); ok {
				e.ObserveWithExemplar(o.seconds, labels)
				return
			}
		}
	}
	duration.Observe(o.seconds)
}

func (f *families) find(name string, method int) *endpoint {
	if !f.keepsObservers {
		return f.bind(name, method)
	}
	// Acquire, as every load of sync/atomic: the route's fields are there.
	r := (*f.known.Load())[name]
	if r == nil {
		if r = f.add(name); r == nil {
			return f.bind(name, method)
		}
	}
	// Acquire: the endpoint's handles are there.
	old := r.methods[method].Load()
	if old != nil && old.listed() {
		return old
	}
	e := f.bind(name, method)
	// Whoever was faster has the same series.
	r.methods[method].CompareAndSwap(old, e)
	return e
}

// listed says whether what is recorded here is shown: series may have been removed.
func (e *endpoint) listed() bool {
	return listed(e.duration) && listed(e.requestSize) && listed(e.responseSize)
}

func listed(o tykmetrics.Observer) bool {
	if o == nil {
		return true
	}
	of, ok := o.(tykmetrics.Listable)
	return ok && of.Listed()
}

// add remembers a route, or returns nil if there are too many.
func (f *families) add(name string) *route {
	f.making.Lock()
	defer f.making.Unlock()
	old := *f.known.Load()
	if r := old[name]; r != nil {
		return r
	}
	if len(old) >= routesKept {
		return nil
	}
	grown := make(map[string]*route, len(old)+1)
	for k, v := range old {
		grown[k] = v
	}
	// The name may be a part of the request, which would be kept with it.
	name = strings.Clone(name)
	r := &route{methods: make([]atomic.Pointer[endpoint], len(f.methods))}
	grown[name] = r
	// Release: who finds the map finds its routes.
	f.known.Store(&grown)
	return r
}

func (f *families) bind(name string, method int) *endpoint {
	e := new(endpoint)
	e.statuses.Store(new([]answered))
	with := func(vec *tykmetrics.HistogramVec) tykmetrics.Observer {
		if vec == nil {
			return nil
		}
		return vec.WithLabelValues(f.methods[method], name)
	}
	e.duration = with(f.duration)
	e.requestSize = with(f.requestSize)
	e.responseSize = with(f.responseSize)
	return e
}

// total finds the counter of a status. An endpoint has few, so they are a list.
func (e *endpoint) total(f *families, name string, o *outcome) tykmetrics.Counter {
	for {
		// Acquire: the list's handles are there.
		list := e.statuses.Load()
		gone := -1
		for i := range *list {
			if (*list)[i].status == o.status {
				if of, ok := (*list)[i].total.(tykmetrics.Listable); ok && of.Listed() {
					return (*list)[i].total
				}
				gone = i
			}
		}
		made := f.requests.WithLabelValues(f.methods[o.method], name, statusText(o.status))
		if !f.keepsTotals {
			return made
		}
		grown := slices.Clone(*list)
		if gone >= 0 {
			grown[gone].total = made
		} else {
			grown = append(grown, answered{o.status, made})
		}
		// Release: who finds the list finds its handles.
		if e.statuses.CompareAndSwap(list, &grown) {
			return made
		}
	}
}

// normal maps every status that cannot be to one.
func normal(status int) int {
	// RFC 9110, 15: a status is within 100 and 599.
	if status >= cancelled && status < odd || status >= 100 && status <= 599 {
		return status
	}
	return odd
}

func statusText(status int) string {
	switch status {
	case odd:
		return Other
	case hijacked:
		return Hijacked
	case failed:
		return "error"
	case timedOut:
		return "timeout"
	case cancelled:
		return "canceled"
	}
	return strconv.Itoa(status)
}
