package promhttp

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/tykmetrics/tykmetrics/bindings-go"
)

// partition finds the series of a request: by code and method if the metric has
// these labels, and by what the options compute.
type partition[T any] struct {
	code, method bool
	options      *options
	bind         func(tykmetrics.Labels) T
	// A series that expires does so only if nobody keeps it.
	expires bool

	// The handles there are, replaced by a copy with one more. There are at most
	// 501 codes times the known methods. One whose series was removed is replaced.
	known  atomic.Pointer[map[part]T]
	making sync.Mutex
}

type part struct {
	code   int
	method string
}

// get gives the series of a request that was answered with status.
func (p *partition[T]) get(r *http.Request, status int) T {
	var at part
	if p.code {
		at.code = normal(status)
	}
	if p.method {
		at.method = p.options.sanitized(r.Method)
	}
	if len(p.options.dynamic) > 0 {
		labels := p.labels(at)
		for name, value := range p.options.dynamic {
			labels[name] = value(r)
		}
		return p.bind(labels)
	}
	if p.expires {
		return p.bind(p.labels(at))
	}
	// Acquire, as every load of sync/atomic: a found map has its handles.
	if known := p.known.Load(); known != nil {
		if series, ok := (*known)[at]; ok && listed(series) {
			return series
		}
	}
	return p.add(at)
}

func listed(series any) bool {
	of, ok := series.(tykmetrics.Listable)
	return ok && of.Listed()
}

func (p *partition[T]) add(at part) T {
	p.making.Lock()
	defer p.making.Unlock()
	grown := map[part]T{}
	if known := p.known.Load(); known != nil {
		for k, v := range *known {
			grown[k] = v
		}
	}
	series, ok := grown[at]
	if !ok || !listed(series) {
		series = p.bind(p.labels(at))
		grown[at] = series
		// Release: who finds the map finds its handles.
		p.known.Store(&grown)
	}
	return series
}

func (p *partition[T]) labels(at part) tykmetrics.Labels {
	labels := make(tykmetrics.Labels, 2+len(p.options.dynamic))
	if p.code {
		labels["code"] = "unknown"
		if at.code != 0 {
			labels["code"] = strconv.Itoa(at.code)
		}
	}
	if p.method {
		labels["method"] = at.method
	}
	return labels
}

// normal is the status if it can be one, 200 if none was set, and otherwise 0.
func normal(status int) int {
	switch {
	case status == 0:
		return http.StatusOK
	// RFC 9110, 15: a status is within 100 and 599.
	case status < 100 || status > 599:
		return 0
	}
	return status
}

func (o *options) sanitized(method string) string {
	switch method {
	case "GET", "get":
		return "get"
	case "PUT", "put":
		return "put"
	case "HEAD", "head":
		return "head"
	case "POST", "post":
		return "post"
	case "DELETE", "delete":
		return "delete"
	case "CONNECT", "connect":
		return "connect"
	case "OPTIONS", "options":
		return "options"
	case "NOTIFY", "notify":
		return "notify"
	case "TRACE", "trace":
		return "trace"
	case "PATCH", "patch":
		return "patch"
	}
	for _, extra := range o.extraMethods {
		if strings.EqualFold(method, extra) {
			return strings.ToLower(extra)
		}
	}
	return "unknown"
}
