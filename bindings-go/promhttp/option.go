package promhttp

import (
	"context"
	"net/http"

	"github.com/tykmetrics/tykmetrics/bindings-go"
)

// Option configures a middleware or a round tripper.
type Option interface {
	apply(*options)
}

// LabelValueFromRequest computes a label value from the request.
type LabelValueFromRequest func(request *http.Request) string

// LabelValueFromCtx computes a label value from the request's context.
type LabelValueFromCtx func(ctx context.Context) string

type options struct {
	extraMethods []string
	exemplar     func(*http.Request) tykmetrics.Labels
	dynamic      map[string]LabelValueFromRequest
}

type optionFunc func(*options)

func (f optionFunc) apply(o *options) { f(o) }

func applied(given []Option) *options {
	o := &options{dynamic: map[string]LabelValueFromRequest{}}
	for _, option := range given {
		option.apply(o)
	}
	return o
}

// WithExtraMethods adds to the methods that have a label value of their own; all
// others are "unknown".
func WithExtraMethods(methods ...string) Option {
	return optionFunc(func(o *options) { o.extraMethods = methods })
}

// WithExemplarFromRequest gives counters and histograms the exemplar that get
// returns for the request, if any.
func WithExemplarFromRequest(get func(request *http.Request) tykmetrics.Labels) Option {
	return optionFunc(func(o *options) { o.exemplar = get })
}

// WithExemplarFromContext gives counters and histograms the exemplar that get
// returns for the request's context, if any.
func WithExemplarFromContext(get func(requestCtx context.Context) tykmetrics.Labels) Option {
	return WithExemplarFromRequest(func(r *http.Request) tykmetrics.Labels { return get(r.Context()) })
}

// WithLabelFromRequest takes the label called name from the request.
func WithLabelFromRequest(name string, value LabelValueFromRequest) Option {
	return optionFunc(func(o *options) { o.dynamic[name] = value })
}

// WithLabelFromCtx takes the label called name from the request's context.
func WithLabelFromCtx(name string, value LabelValueFromCtx) Option {
	return WithLabelFromRequest(name, func(r *http.Request) string { return value(r.Context()) })
}
