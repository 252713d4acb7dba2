package promhttp

import (
	"net/http"
	"time"

	"github.com/tykmetrics/tykmetrics/bindings-go"
	"github.com/tykmetrics/tykmetrics/bindings-go/internal/response"
)

// InFlight is what counts requests that are under way: a tykmetrics.Gauge, or an
// UpDown, which many processors can move at once.
type InFlight interface {
	Inc()
	Dec()
}

// InstrumentHandlerInFlight keeps in g how many requests next is handling.
func InstrumentHandlerInFlight(g InFlight, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.Inc()
		defer g.Dec()
		next.ServeHTTP(w, r)
	})
}

// InstrumentHandlerDuration observes how many seconds next takes. It panics at
// once if obs has labels that the package's rules do not allow. Nothing is
// observed if next panics.
func InstrumentHandlerDuration(obs tykmetrics.ObserverVec, next http.Handler, opts ...Option) http.HandlerFunc {
	p := ofObserver(obs, opts)
	return func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		status := answer(p.code, next, w, r)
		observe(p, r, status, time.Since(start).Seconds())
	}
}

// InstrumentHandlerCounter counts what next handles. It panics at once if counter
// has labels that the package's rules do not allow. Nothing is counted if next
// panics.
func InstrumentHandlerCounter(counter *tykmetrics.CounterVec, next http.Handler, opts ...Option) http.HandlerFunc {
	p := ofCounter(counter, opts)
	return func(w http.ResponseWriter, r *http.Request) {
		count(p, r, answer(p.code, next, w, r))
	}
}

// InstrumentHandlerTimeToWriteHeader observes how many seconds pass until next
// sends the header. It panics at once if obs has labels that the package's rules
// do not allow.
func InstrumentHandlerTimeToWriteHeader(obs tykmetrics.ObserverVec, next http.Handler, opts ...Option) http.HandlerFunc {
	p := ofObserver(obs, opts)
	return func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		rec := response.New(w)
		rec.OnHeader = func(status int) {
			observe(p, r, status, time.Since(start).Seconds())
		}
		next.ServeHTTP(rec.Writer(), r)
	}
}

// InstrumentHandlerRequestSize observes about how many bytes a request has,
// header and declared body. It panics at once if obs has labels that the package's
// rules do not allow. Nothing is observed if next panics.
func InstrumentHandlerRequestSize(obs tykmetrics.ObserverVec, next http.Handler, opts ...Option) http.HandlerFunc {
	p := ofObserver(obs, opts)
	return func(w http.ResponseWriter, r *http.Request) {
		status := answer(p.code, next, w, r)
		observe(p, r, status, float64(requestSize(r)))
	}
}

// InstrumentHandlerResponseSize observes how many bytes next writes as body. It
// panics at once if obs has labels that the package's rules do not allow. Nothing
// is observed if next panics.
func InstrumentHandlerResponseSize(obs tykmetrics.ObserverVec, next http.Handler, opts ...Option) http.Handler {
	p := ofObserver(obs, opts)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := response.New(w)
		next.ServeHTTP(rec.Writer(), r)
		observe(p, r, rec.Status(), float64(rec.Written()))
	})
}

// answer lets next handle the request and returns the status if it is wanted.
func answer(wanted bool, next http.Handler, w http.ResponseWriter, r *http.Request) int {
	if !wanted {
		next.ServeHTTP(w, r)
		return 0
	}
	if rec := response.Of(w); rec != nil {
		next.ServeHTTP(w, r)
		return rec.Status()
	}
	rec := response.New(w)
	next.ServeHTTP(rec.Writer(), r)
	return rec.Status()
}

func observe(p *partition[tykmetrics.Observer], r *http.Request, status int, value float64) {
	series := p.get(r, status)
	if labels := p.options.exemplarOf(r); labels != nil {
		if e, ok := series.(tykmetrics.ExemplarObserver); ok {
			e.ObserveWithExemplar(value, labels)
			return
		}
	}
	series.Observe(value)
}

func count(p *partition[tykmetrics.Counter], r *http.Request, status int) {
	series := p.get(r, status)
	if labels := p.options.exemplarOf(r); labels != nil {
		if e, ok := series.(tykmetrics.ExemplarAdder); ok {
			e.AddWithExemplar(1, labels)
			return
		}
	}
	series.Inc()
}

func (o *options) exemplarOf(r *http.Request) tykmetrics.Labels {
	if o.exemplar == nil {
		return nil
	}
	return o.exemplar(r)
}

func requestSize(r *http.Request) int {
	size := len(r.Method) + len(r.Proto) + len(r.Host)
	if r.URL != nil {
		size += len(r.URL.String())
	}
	for name, values := range r.Header {
		size += len(name)
		for _, value := range values {
			size += len(value)
		}
	}
	if r.ContentLength != -1 {
		size += int(r.ContentLength)
	}
	return size
}
