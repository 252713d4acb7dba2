package tykmetrics

import (
	"errors"
	"io"
	"runtime"
	"sync"

	"github.com/tykmetrics/tykmetrics/bindings-go/internal/native"
)

// Render writes the metrics of the DefaultGatherer; see Registry.Render.
func Render(w io.Writer, format string) error { return DefaultGatherer.registry().Render(w, format) }

// Render writes the registry's metrics in a format: "text" (text/plain; version=0.0.4), "text1" (1.0.0), "openmetrics",
// "protobuf", "protobuf-text", "protobuf-compact" or "json". Another name is an error of code InvalidText. If collectors failed,
// it writes what there is all the same and returns what they did.
func (r *Registry) Render(w io.Writer, format string) error {
	e, err := native.ExpositionOf(format)
	if err != nil {
		return failure(err)
	}
	return r.render(w, e)
}

func (r *Registry) render(w io.Writer, e native.Exposition) error {
	if r.err != nil {
		return r.err
	}
	defer runtime.KeepAlive(r)
	var collecting error
	err := rendered(w, func(into *native.Bytes) (err error) {
		collecting, err = native.Render(r.native, e, into)
		return err
	})
	return beside(collecting, err)
}

// beside is what collectors did wrong, and another error.
func beside(collecting, err error) error {
	switch {
	case collecting == nil:
		return failure(err)
	case err == nil:
		return collecting
	}
	return errors.Join(failure(err), collecting)
}

// Memory for renders is C's, and kept warm: a scrape allocates nothing of Go's that grows with the registry. One that grew
// beyond keptBytes (a scrape of some 300,000 series) goes back at once, so that a burst is not held for ever.
const keptBytes = 32 << 20

// The scrapes that run at once are few; more of them than this make memory of their own.
var warm = make(chan *native.Bytes, 4)

func takeBytes() *native.Bytes {
	select {
	case b := <-warm:
		return b
	default:
		return new(native.Bytes)
	}
}

func giveBytes(b *native.Bytes) {
	if b.Capacity() <= keptBytes {
		select {
		case warm <- b:
			return
		default:
		}
	}
	b.Free()
}

func rendered(w io.Writer, render func(*native.Bytes) error) error {
	b := takeBytes()
	defer giveBytes(b)
	if err := render(b); err != nil {
		return failure(err)
	}
	_, err := w.Write(b.Slice())
	return err
}

// An exposition's headers, which are asked of the engine once.
type headers struct{ contentType, contentEncoding string }

var known sync.Map // native.Exposition to headers

func headersOf(e native.Exposition) (headers, error) {
	if h, ok := known.Load(e); ok {
		return h.(headers), nil
	}
	contentType, contentEncoding, err := native.ContentType(e)
	h := headers{contentType, contentEncoding}
	if err == nil {
		known.Store(e, h)
	}
	return h, failure(err)
}
