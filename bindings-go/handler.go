package tykmetrics

import (
	"net/http"
	"runtime"
	"strings"

	"github.com/tykmetrics/tykmetrics/bindings-go/internal/native"
)

// Logger takes what a Handler has to say of errors; a *log.Logger is one.
type Logger interface {
	Println(v ...any)
}

// HandlerErrorHandling says what a Handler does about errors.
type HandlerErrorHandling int

const (
	// HTTPErrorOnError answers 500 with the message if a collector failed.
	HTTPErrorOnError HandlerErrorHandling = iota
	// ContinueOnError answers with what the other collectors gave.
	ContinueOnError
	// PanicOnError panics.
	PanicOnError
)

// HandlerOpts are the options of a Handler. The zero value is what Handler uses.
type HandlerOpts struct {
	// ErrorLog is told of errors, if it is not nil.
	ErrorLog Logger
	// ErrorHandling says what happens if a collector fails.
	ErrorHandling HandlerErrorHandling
	// DisableCompression answers without compression whatever is asked for.
	DisableCompression bool
	// MaxRequestsInFlight is how many requests are answered at once; more are answered 503. 0 is no limit.
	MaxRequestsInFlight int
	// CreatedTimestamps shows when counters, histograms and summaries began, in text formats too.
	CreatedTimestamps bool
}

// Handler serves the metrics of the DefaultGatherer, in the format and the compression that the request asks for.
func Handler() http.Handler { return HandlerFor(DefaultGatherer, HandlerOpts{}) }

// HandlerFor serves the metrics of a registry.
func HandlerFor(reg Gatherer, opts HandlerOpts) http.Handler {
	h := &handler{registry: reg.registry(), opts: opts}
	if opts.MaxRequestsInFlight > 0 {
		h.places = make(chan struct{}, opts.MaxRequestsInFlight)
	}
	return h
}

type handler struct {
	registry *Registry
	opts     HandlerOpts
	places   chan struct{}
}

func (h *handler) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	if request.Method != http.MethodGet && request.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "metrics are read with GET", http.StatusMethodNotAllowed)
		return
	}
	if h.places != nil {
		select {
		case h.places <- struct{}{}:
			defer func() { <-h.places }()
		default:
			http.Error(w, "as many requests as allowed are being answered: try again", http.StatusServiceUnavailable)
			return
		}
	}
	if err := h.answer(w, request); err != nil {
		h.log(err)
		if h.opts.ErrorHandling == PanicOnError {
			panic(err)
		}
		header := w.Header()
		header.Del("Content-Encoding")
		http.Error(w, "the metrics could not be rendered: "+err.Error(), http.StatusInternalServerError)
	}
}

func (h *handler) log(err error) {
	if h.opts.ErrorLog != nil {
		h.opts.ErrorLog.Println("error serving metrics:", err)
	}
}

// answer returns an error only while nothing is written.
func (h *handler) answer(w http.ResponseWriter, request *http.Request) error {
	encoding := strings.Join(request.Header.Values("Accept-Encoding"), ",")
	if h.opts.DisableCompression {
		encoding = ""
	}
	e, err := native.Negotiate(strings.Join(request.Header.Values("Accept"), ","), encoding)
	if err != nil {
		return failure(err)
	}
	e.Created = h.opts.CreatedTimestamps
	says, err := headersOf(e)
	if err != nil {
		return err
	}
	b := takeBytes()
	defer giveBytes(b)
	if h.registry.err != nil {
		return h.registry.err
	}
	collecting, err := native.Render(h.registry.native, e, b)
	runtime.KeepAlive(h)
	if err != nil {
		return failure(err)
	}
	if collecting != nil {
		if h.opts.ErrorHandling != ContinueOnError {
			return collecting
		}
		h.log(collecting)
	}
	header := w.Header()
	header.Set("Content-Type", says.contentType)
	header.Add("Vary", "Accept, Accept-Encoding")
	if says.contentEncoding != "" {
		header.Set("Content-Encoding", says.contentEncoding)
	}
	body := b.Slice()
	header["Content-Length"] = []string{decimal(len(body))}
	if request.Method == http.MethodHead {
		return nil
	}
	// An error here is the connection's, and nobody is left to tell.
	if err := send(w, request, body); err != nil {
		h.log(err)
	}
	return nil
}
