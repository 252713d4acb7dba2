// Package promhttp has the names of client_golang's promhttp over tykmetrics, so
// that changing the import is the migration: [Handler] and [HandlerFor] serve a
// registry, the InstrumentHandler… functions wrap an http.Handler, and the
// InstrumentRoundTripper… functions wrap an http.RoundTripper.
//
// The label rules are the same too: a metric given to one of them may have the
// labels "code" and "method" and no other, unless they are constant, curried or
// named by [WithLabelFromCtx] or [WithLabelFromRequest]. Handles are kept by code
// and method, so that a request allocates one small thing, what notes the status,
// for all layers together, unless it has labels of its context or exemplars, or
// the metric has an ExpireAfter. A series that was removed (Reset, Delete) begins
// anew at the next request.
//
// New code is better served by package nethttp, which measures all of this in
// one go and knows routes.
package promhttp
