package response

// The writers a Recorder hands out: one type for each set of optional interfaces,
// since what a type has cannot be changed while the program runs. Each is one
// pointer wide, so that making one an interface value allocates nothing, and each
// but the first adds a single method to another.

import (
	"bufio"
	"io"
	"net"
	"net/http"
)

type (
	flush      struct{ *Recorder }
	hijack     struct{ *Recorder }
	read       struct{ *Recorder }
	push       struct{ *Recorder }
	flushHi    struct{ flush }
	flushRead  struct{ flush }
	flushPush  struct{ flush }
	hiRead     struct{ hijack }
	hiPush     struct{ hijack }
	readPush   struct{ read }
	flushHiRd  struct{ flushHi }
	flushHiPu  struct{ flushHi }
	flushRdPu  struct{ flushRead }
	hiReadPush struct{ hiRead }
	all        struct{ flushHiRd }
)

func (w flush) Flush()            { _ = w.Recorder.flush() }
func (w flush) FlushError() error { return w.Recorder.flush() }

func (w hijack) Hijack() (net.Conn, *bufio.ReadWriter, error)  { return w.Recorder.hijack() }
func (w flushHi) Hijack() (net.Conn, *bufio.ReadWriter, error) { return w.Recorder.hijack() }

func (w read) ReadFrom(src io.Reader) (int64, error)      { return w.readFrom(src) }
func (w flushRead) ReadFrom(src io.Reader) (int64, error) { return w.readFrom(src) }
func (w hiRead) ReadFrom(src io.Reader) (int64, error)    { return w.readFrom(src) }
func (w flushHiRd) ReadFrom(src io.Reader) (int64, error) { return w.readFrom(src) }

func (w push) Push(to string, o *http.PushOptions) error       { return pushTo(w.Recorder, to, o) }
func (w flushPush) Push(to string, o *http.PushOptions) error  { return pushTo(w.Recorder, to, o) }
func (w hiPush) Push(to string, o *http.PushOptions) error     { return pushTo(w.Recorder, to, o) }
func (w readPush) Push(to string, o *http.PushOptions) error   { return pushTo(w.Recorder, to, o) }
func (w flushHiPu) Push(to string, o *http.PushOptions) error  { return pushTo(w.Recorder, to, o) }
func (w flushRdPu) Push(to string, o *http.PushOptions) error  { return pushTo(w.Recorder, to, o) }
func (w hiReadPush) Push(to string, o *http.PushOptions) error { return pushTo(w.Recorder, to, o) }
func (w all) Push(to string, o *http.PushOptions) error        { return pushTo(w.Recorder, to, o) }

func pushTo(r *Recorder, target string, options *http.PushOptions) error {
	return r.inner.(http.Pusher).Push(target, options)
}

const (
	canFlush = 1 << iota
	canHijack
	canReadFrom
	canPush
)

// Writer is the Recorder as a handler gets it.
func (r *Recorder) Writer() http.ResponseWriter {
	can := 0
	if _, ok := r.inner.(http.Flusher); ok {
		can |= canFlush
	}
	if _, ok := r.inner.(http.Hijacker); ok {
		can |= canHijack
	}
	if _, ok := r.inner.(io.ReaderFrom); ok {
		can |= canReadFrom
	}
	if _, ok := r.inner.(http.Pusher); ok {
		can |= canPush
	}
	switch can {
	case canFlush:
		return flush{r}
	case canHijack:
		return hijack{r}
	case canReadFrom:
		return read{r}
	case canPush:
		return push{r}
	case canFlush | canHijack:
		return flushHi{flush{r}}
	case canFlush | canReadFrom:
		return flushRead{flush{r}}
	case canFlush | canPush:
		return flushPush{flush{r}}
	case canHijack | canReadFrom:
		return hiRead{hijack{r}}
	case canHijack | canPush:
		return hiPush{hijack{r}}
	case canReadFrom | canPush:
		return readPush{read{r}}
	case canFlush | canHijack | canReadFrom:
		return flushHiRd{flushHi{flush{r}}}
	case canFlush | canHijack | canPush:
		return flushHiPu{flushHi{flush{r}}}
	case canFlush | canReadFrom | canPush:
		return flushRdPu{flushRead{flush{r}}}
	case canHijack | canReadFrom | canPush:
		return hiReadPush{hiRead{hijack{r}}}
	case canFlush | canHijack | canReadFrom | canPush:
		return all{flushHiRd{flushHi{flush{r}}}}
	}
	return r
}
