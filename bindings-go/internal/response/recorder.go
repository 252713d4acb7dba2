// Package response watches what a handler answers.
//
// A [Recorder] stands between a handler and its http.ResponseWriter, notes the
// status, the bytes of the body and whether the connection was taken over, and
// passes everything on. Packages nethttp and promhttp use it. What it promises:
// the writer that it hands out has an optional interface (Flusher, Hijacker,
// Pusher, ReaderFrom) exactly if the wrapped one has it, and a Recorder is the one
// allocation of a request. It is not used again: a handler may keep its writer past
// its end, and what it writes then must not reach another request. No metric is
// kept here.
package response

import (
	"bufio"
	"io"
	"net"
	"net/http"
)

// Recorder is a http.ResponseWriter that notes what passes through it.
type Recorder struct {
	inner http.ResponseWriter

	// OnHeader, if set, is called once, before the status is sent.
	OnHeader func(status int)
	// Route, if set, says what the request was routed by.
	Route string

	status   int
	written  int64
	hijacked bool
}

// New makes a Recorder around w.
func New(w http.ResponseWriter) *Recorder { return &Recorder{inner: w} }

// Of is the Recorder that w is, or nil: one for several layers suffices.
func Of(w http.ResponseWriter) *Recorder {
	if r, ok := w.(interface{ recorder() *Recorder }); ok {
		return r.recorder()
	}
	return nil
}

// SetRoute sets the Route of every Recorder around w, and reports whether there is one.
func SetRoute(w http.ResponseWriter, route string) bool {
	found := false
	for w != nil {
		if r, ok := w.(interface{ recorder() *Recorder }); ok {
			r.recorder().Route = route
			found = true
		}
		u, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			break
		}
		w = u.Unwrap()
	}
	return found
}

// Status is the status that was sent, or 0 if there was none yet.
func (r *Recorder) Status() int { return r.status }

// Written is how many bytes of the body were written.
func (r *Recorder) Written() int64 { return r.written }

// Hijacked says whether the connection was taken over.
func (r *Recorder) Hijacked() bool { return r.hijacked }

// Unwrap gives the wrapped writer, for http.ResponseController.
func (r *Recorder) Unwrap() http.ResponseWriter { return r.inner }

// Header is the wrapped writer's.
func (r *Recorder) Header() http.Header { return r.inner.Header() }

// WriteHeader notes the first final status. Informational ones (1xx) come before
// it, except for 101, which is final.
func (r *Recorder) WriteHeader(status int) {
	final := status >= 200 || status == http.StatusSwitchingProtocols
	if final && r.status == 0 && r.OnHeader != nil {
		r.OnHeader(status)
	}
	// First, since net/http panics for a status that cannot be: it was not sent.
	r.inner.WriteHeader(status)
	if final && r.status == 0 {
		r.status = status
	}
}

func (r *Recorder) implicit() {
	if r.status == 0 {
		if r.OnHeader != nil {
			r.OnHeader(http.StatusOK)
		}
		r.status = http.StatusOK
	}
}

// Write notes the bytes, and the status 200 if none was sent.
func (r *Recorder) Write(b []byte) (int, error) {
	r.implicit()
	n, err := r.inner.Write(b)
	r.written += int64(n)
	return n, err
}

// WriteString spares the copy where the wrapped writer does.
func (r *Recorder) WriteString(s string) (int, error) {
	r.implicit()
	n, err := io.WriteString(r.inner, s)
	r.written += int64(n)
	return n, err
}

// CloseNotify is there for handlers written before contexts; it never fires
// where the wrapped writer has none.
func (r *Recorder) CloseNotify() <-chan bool {
	//lint:ignore SA1019 Handlers that ask for it panic without it.
	if c, ok := r.inner.(http.CloseNotifier); ok {
		return c.CloseNotify()
	}
	return make(chan bool)
}

func (r *Recorder) recorder() *Recorder { return r }

func (r *Recorder) flush() error {
	r.implicit()
	switch f := r.inner.(type) {
	case interface{ FlushError() error }:
		return f.FlushError()
	case http.Flusher:
		f.Flush()
	}
	return nil
}

func (r *Recorder) hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := r.inner.(http.Hijacker).Hijack()
	if err == nil {
		r.hijacked = true
	}
	return conn, rw, err
}

func (r *Recorder) readFrom(src io.Reader) (int64, error) {
	if r.OnHeader != nil {
		r.implicit()
	}
	n, err := r.inner.(io.ReaderFrom).ReadFrom(src)
	r.written += n
	if n > 0 {
		// Not before: a source that fails at once leaves the status open.
		r.implicit()
	}
	return n, err
}
