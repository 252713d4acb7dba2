package promhttp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/tykmetrics/tykmetrics/bindings-go"
)

// Logger takes what a handler has to say of errors; a *log.Logger is one.
type Logger = tykmetrics.Logger

// HandlerErrorHandling says what a handler does about errors.
type HandlerErrorHandling = tykmetrics.HandlerErrorHandling

// What a handler does about errors.
const (
	HTTPErrorOnError = tykmetrics.HTTPErrorOnError
	ContinueOnError  = tykmetrics.ContinueOnError
	PanicOnError     = tykmetrics.PanicOnError
)

// Compression is a content encoding.
type Compression string

// The encodings there are.
const (
	Identity Compression = "identity"
	Gzip     Compression = "gzip"
	Zstd     Compression = "zstd"
)

// HandlerOpts says how metrics are served.
type HandlerOpts struct {
	// ErrorLog is told of errors, if it is not nil.
	ErrorLog Logger
	// ErrorHandling says what happens if a collector fails.
	ErrorHandling HandlerErrorHandling
	// Registry gets the counter promhttp_metric_handler_errors_total{cause}, if it is not nil.
	Registry tykmetrics.Registerer
	// DisableCompression answers without compression whatever is asked for.
	DisableCompression bool
	// OfferedCompressions are those that may be used; all if it is empty.
	OfferedCompressions []Compression
	// MaxRequestsInFlight is how many requests are answered at once; more are
	// answered 503. 0 is no limit.
	MaxRequestsInFlight int
	// Timeout answers 503 if a scrape takes longer. 0 is no limit.
	Timeout time.Duration
	// EnableOpenMetrics serves OpenMetrics to whoever asks for it; else they get text or
	// protobuf. Counters of names without _total get it in OpenMetrics.
	EnableOpenMetrics bool
	// EnableOpenMetricsTextCreatedSamples shows when counters, histograms and summaries
	// began, in text formats too.
	EnableOpenMetricsTextCreatedSamples bool
	// ProcessStartTime, if it is not zero, is the header Process-Start-Time-Unix.
	ProcessStartTime time.Time
}

// Handler serves the metrics of tykmetrics.DefaultGatherer, and counts the scrapes
// with tykmetrics.DefaultRegisterer as [InstrumentMetricHandler] does.
func Handler() http.Handler {
	return InstrumentMetricHandler(tykmetrics.DefaultRegisterer, HandlerFor(tykmetrics.DefaultGatherer, HandlerOpts{}))
}

// HandlerFor serves the metrics of reg, as text or protobuf unless
// HandlerOpts.EnableOpenMetrics is set. tykmetrics.HandlerFor serves every format
// that there is.
func HandlerFor(reg tykmetrics.Gatherer, opts HandlerOpts) http.Handler {
	log := opts.ErrorLog
	if opts.Registry != nil {
		failures := must(tykmetrics.RegisterOr(opts.Registry, tykmetrics.NewCounterVec(tykmetrics.CounterOpts{
			Name: "promhttp_metric_handler_errors_total",
			Help: "Total number of internal errors encountered by the promhttp metric handler.",
		}, []string{"cause"})))
		log = &countingLogger{
			next:      opts.ErrorLog,
			gathering: failures.WithLabelValues("gathering"),
			encoding:  failures.WithLabelValues("encoding"),
		}
	}
	handler := tykmetrics.HandlerFor(reg, tykmetrics.HandlerOpts{
		ErrorLog:            log,
		ErrorHandling:       opts.ErrorHandling,
		DisableCompression:  opts.DisableCompression,
		MaxRequestsInFlight: opts.MaxRequestsInFlight,
		CreatedTimestamps:   opts.EnableOpenMetricsTextCreatedSamples,
	})
	if !opts.EnableOpenMetrics {
		handler = withoutOpenMetrics(handler)
	}
	if len(opts.OfferedCompressions) > 0 {
		handler = offering(opts.OfferedCompressions, handler)
	}
	if !opts.ProcessStartTime.IsZero() {
		handler = starting(strconv.FormatInt(opts.ProcessStartTime.Unix(), 10), handler)
	}
	if opts.Timeout > 0 {
		handler = http.TimeoutHandler(handler, opts.Timeout, fmt.Sprintf("Exceeded configured timeout of %v.\n", opts.Timeout))
	}
	return handler
}

// InstrumentMetricHandler counts with reg the scrapes that handler answers, as
// promhttp_metric_handler_requests_total{code}, and those under way, as
// promhttp_metric_handler_requests_in_flight. It panics if reg refuses them.
func InstrumentMetricHandler(reg tykmetrics.Registerer, handler http.Handler) http.Handler {
	requests := must(tykmetrics.RegisterOr(reg, tykmetrics.NewCounterVec(tykmetrics.CounterOpts{
		Name: "promhttp_metric_handler_requests_total",
		Help: "Total number of scrapes by HTTP status code.",
	}, []string{"code"})))
	// What a handler of metrics answers, so that rates begin at zero.
	for _, code := range []string{"200", "500", "503"} {
		requests.WithLabelValues(code)
	}
	inFlight := must(tykmetrics.RegisterOr(reg, tykmetrics.NewUpDown(tykmetrics.UpDownOpts{
		Name: "promhttp_metric_handler_requests_in_flight",
		Help: "Current number of scrapes being served.",
	})))
	return InstrumentHandlerInFlight(inFlight, InstrumentHandlerCounter(requests, handler))
}

func must[T any](made T, err error) T {
	if err != nil {
		panic(err)
	}
	return made
}

// countingLogger counts what goes wrong, and says it to the next logger if there is
// one.
type countingLogger struct {
	next                Logger
	gathering, encoding tykmetrics.Counter
}

func (l *countingLogger) Println(v ...any) {
	counter := l.gathering
	for _, one := range v {
		if err, ok := one.(error); ok && ofTheConnection(err) {
			counter = l.encoding
		}
	}
	counter.Inc()
	if l.next != nil {
		l.next.Println(v...)
	}
}

func ofTheConnection(err error) bool {
	var network net.Error
	return errors.As(err, &network) || errors.Is(err, tykmetrics.Sink) ||
		errors.Is(err, http.ErrHandlerTimeout) || errors.Is(err, context.Canceled)
}

// offering hides from next the encodings that are not offered.
func offering(offered []Compression, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var kept []string
		for part := range strings.SplitSeq(strings.Join(r.Header.Values("Accept-Encoding"), ","), ",") {
			name, _, _ := strings.Cut(part, ";")
			for _, one := range offered {
				if strings.EqualFold(strings.TrimSpace(name), string(one)) {
					kept = append(kept, part)
				}
			}
		}
		// The header is the request's, which belongs to the server.
		r = r.Clone(r.Context())
		r.Header.Set("Accept-Encoding", strings.Join(kept, ","))
		next.ServeHTTP(w, r)
	})
}

func starting(seconds string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Process-Start-Time-Unix", seconds)
		next.ServeHTTP(w, r)
	})
}
