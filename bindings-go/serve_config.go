package tykmetrics

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"time"
)

// ServerConfig says how Serve serves, by the keys of docs/configuration.md. What is not set is what the environment says
// (TYKMETRICS_LISTEN and its like, and the gateways' own names), and else the default. A pointer tells what is off, or 0,
// from what is not set: Ptr makes one. Values that no server can have are an error of Serve, of code InvalidConfig.
//
// The keys that docs/configuration.md leaves to the host are not here: what names begin with, constant labels and
// collectors are said where metrics are made and registered.
type ServerConfig struct {
	// Registry is what is served; nil is the DefaultGatherer. It lives as long as the server. Hygiene and Routes.Reset are
	// for a *Registry alone.
	Registry Gatherer
	// Log is told what the operator should know: that anybody may ask, that certificates changed, that a collector failed.
	// It is called rarely, one message at a time or several at once, and must not wait for the server. nil writes to
	// standard error.
	Log func(message string)

	// Enabled false makes Serve an error of code Disabled. True by default.
	Enabled *bool
	// Listen is where: "127.0.0.1:9090" (the default), "[::1]:9090", ":9090" for every interface, port 0 for any that is
	// free, "unix:/run/metrics.sock".
	Listen string
	// Path is the path of the metrics, "/metrics" by default; other routes lie below it.
	Path   string
	Routes ServerRoutes
	TLS    ServerTLS
	Auth   ServerAuth
	Limits ServerLimits
	// ShutdownGrace is how long a scrape that runs may go on once the server is told to end: 5 seconds by default.
	ShutdownGrace *time.Duration
	Hygiene       ServerHygiene
}

// ServerRoutes are the routes beside the metrics, /health and /healthz. All but Reset are there by default.
type ServerRoutes struct {
	// JSON is /metrics/json.
	JSON *bool
	// Health is /metrics/health.
	Health *bool
	// Reset is /metrics/reset, by POST, for who is authenticated. What collectors written in Go hold stays as it is.
	Reset *bool
	// Page is the page for people, at /.
	Page *bool
}

// ServerTLS names certificates, as files that are read again when they change. Without any, plain HTTP is served.
type ServerTLS struct {
	// Cert is the certificate chain, and Key its private key; PEM.
	Cert, Key string
	// ClientCA are the authorities whose clients are let in, PEM: mutual TLS.
	ClientCA string
	// Required refuses to start without TLS.
	Required *bool
	// Reload is how often the files are looked at: every 10 seconds by default.
	Reload time.Duration
}

// ServerAuth says who may ask for what is not /health or /healthz: everybody, if nothing is set. Printing and logging it
// shows no secret, by fmt, encoding/json and log/slog.
type ServerAuth struct {
	// BasicName and BasicPassword, or the content of BasicPasswordFile, are basic authentication's.
	BasicName, BasicPassword, BasicPasswordFile string
	// Bearer, or the content of BearerFile, is the token of bearer authentication.
	Bearer, BearerFile string
}

// ServerLimits bound what comes from outside.
type ServerLimits struct {
	// ConcurrentScrapes is how many scrapes there may be at the same time: 10 by default. One more is answered 503.
	ConcurrentScrapes int
	// ScrapeTimeout is how long one may take: 30 seconds by default, or what Prometheus says if that is shorter.
	ScrapeTimeout time.Duration
	// HeaderBytes are those of a request's line and headers (16 KiB by default), BodyBytes those of its body (64 KiB).
	HeaderBytes int
	BodyBytes   *int
	// HeaderTimeout is how long a client may take for its request (10 seconds by default), IdleTimeout how long a connection
	// may rest between requests (a minute).
	HeaderTimeout, IdleTimeout time.Duration
	// Connections is how many there may be at the same time: 1024 by default.
	Connections int
	// RequestsPerSecond is how many one address may make; 0, the default, is no limit.
	RequestsPerSecond *float64
}

// ServerHygiene replaces secrets in label values where series are made and exemplars kept, from Serve on and for good. What
// collectors written in Go send at a scrape is theirs to clean.
type ServerHygiene struct {
	// Enabled replaces keys, tokens, passwords and e-mail addresses. False by default.
	Enabled *bool
	// Patterns are more regular expressions whose matches are replaced.
	Patterns []string
	// Keep are kinds that are left as they are: "email" and its like.
	Keep []string
}

// Ptr is a pointer to v, for the settings that need one: Enabled: tykmetrics.Ptr(false).
func Ptr[T any](v T) *T { return &v }

// shownAuth is a ServerAuth without its secrets, and without methods, as printers take it apart.
type shownAuth ServerAuth

func (a ServerAuth) shown() shownAuth {
	for _, secret := range []*string{&a.BasicPassword, &a.Bearer} {
		if *secret != "" {
			*secret = "(hidden)"
		}
	}
	return shownAuth(a)
}

// String says what is set, and no secret.
func (a ServerAuth) String() string { return fmt.Sprintf("%+v", a.shown()) }

// GoString is String.
func (a ServerAuth) GoString() string { return "tykmetrics.ServerAuth" + a.String() }

// MarshalJSON is what String shows, so that a configuration that is logged has no secret. Nothing can be read back from it.
func (a ServerAuth) MarshalJSON() ([]byte, error) { return json.Marshal(a.shown()) }

// LogValue is what String shows, for package slog.
func (a ServerAuth) LogValue() slog.Value {
	shown := a.shown()
	return slog.GroupValue(
		slog.String("BasicName", shown.BasicName),
		slog.String("BasicPassword", shown.BasicPassword),
		slog.String("BasicPasswordFile", shown.BasicPasswordFile),
		slog.String("Bearer", shown.Bearer),
		slog.String("BearerFile", shown.BearerFile),
	)
}

// set is a setting, if there is one.
func set[T comparable](settings map[string]any, key string, value T) {
	if value != *new(T) {
		settings[key] = value
	}
}

// point is a setting that is told from none by its pointer.
func point[T any](settings map[string]any, key string, value *T) {
	if value != nil {
		settings[key] = *value
	}
}

// span is a duration as the engine reads it, which is as Go writes it.
func span(settings map[string]any, key string, value time.Duration) {
	if value != 0 {
		settings[key] = value.String()
	}
}

// settings are the configuration as the engine takes it: JSON with the keys of docs/configuration.md.
func (c *ServerConfig) settings() (string, error) {
	s := map[string]any{}
	point(s, "enabled", c.Enabled)
	set(s, "listen", c.Listen)
	set(s, "path", c.Path)
	point(s, "routes.json", c.Routes.JSON)
	point(s, "routes.health", c.Routes.Health)
	point(s, "routes.reset", c.Routes.Reset)
	point(s, "routes.page", c.Routes.Page)
	set(s, "tls.cert", c.TLS.Cert)
	set(s, "tls.key", c.TLS.Key)
	set(s, "tls.client_ca", c.TLS.ClientCA)
	point(s, "tls.required", c.TLS.Required)
	span(s, "tls.reload", c.TLS.Reload)
	set(s, "auth.basic_name", c.Auth.BasicName)
	set(s, "auth.basic_password", c.Auth.BasicPassword)
	set(s, "auth.basic_password_file", c.Auth.BasicPasswordFile)
	set(s, "auth.bearer", c.Auth.Bearer)
	set(s, "auth.bearer_file", c.Auth.BearerFile)
	set(s, "limits.concurrent_scrapes", c.Limits.ConcurrentScrapes)
	span(s, "limits.scrape_timeout", c.Limits.ScrapeTimeout)
	set(s, "limits.header_bytes", c.Limits.HeaderBytes)
	point(s, "limits.body_bytes", c.Limits.BodyBytes)
	span(s, "limits.header_timeout", c.Limits.HeaderTimeout)
	span(s, "limits.idle_timeout", c.Limits.IdleTimeout)
	set(s, "limits.connections", c.Limits.Connections)
	point(s, "limits.requests_per_second", c.Limits.RequestsPerSecond)
	if c.ShutdownGrace != nil {
		s["shutdown_grace"] = c.ShutdownGrace.String()
	}
	point(s, "hygiene.enabled", c.Hygiene.Enabled)
	if c.Hygiene.Patterns != nil {
		s["hygiene.patterns"] = c.Hygiene.Patterns
	}
	if c.Hygiene.Keep != nil {
		s["hygiene.keep"] = c.Hygiene.Keep
	}
	text, err := json.Marshal(s)
	if err != nil {
		return "", fail(InvalidConfig, "a setting of the server is no JSON (%v): limits.requests_per_second must be finite", err)
	}
	return string(text), nil
}
