package tykmetrics

import (
	"errors"
	"maps"
	"runtime"

	"github.com/tykmetrics/tykmetrics/bindings-go/internal/native"
)

// refusedOf is an error if hygiene or the reset is asked for where a copy of what is served: the engine would do either to
// the copy's registry, which has no series of its own, and tell of success.
//
// The environment can ask as well, in ways that only the engine knows. So it is asked, by what it would do.
func (c *ServerConfig) refusedOf(what string) error {
	cleans, err := c.attempt(map[string]any{"routes.reset": false})
	if errors.Is(err, InvalidConfig) {
		// Something else is wrong with it, which Serve finds too.
		return nil
	}
	if cleans {
		return fail(InvalidConfig, "hygiene.enabled is true and cannot clean %s, a copy of series that are made elsewhere: "+
			"serve the one *Registry that makes them, or set Hygiene.Enabled to false", what)
	}
	if _, err = c.attempt(nil); errors.Is(err, InvalidConfig) {
		return fail(InvalidConfig, "routes.reset is true and cannot reset %s, a copy of metrics that are held elsewhere: "+
			"serve the one *Registry that holds them, or set Routes.Reset to false", what)
	}
	return nil
}

// attempt starts a server with this configuration and others' values, which always fails, and says whether it cleaned
// labels. Everything but the address is looked at before.
func (c *ServerConfig) attempt(others map[string]any) (cleans bool, err error) {
	const secret = "tykmetrics-secret"
	settings := map[string]any{
		// No folder.
		"listen": "unix:/dev/null/none",
		// Without anybody who could be authenticated the reset is an invalid configuration.
		"tls.cert": "", "tls.key": "", "tls.client_ca": "", "tls.required": false,
		"auth.basic_name": "", "auth.basic_password": "", "auth.basic_password_file": "", "auth.bearer": "", "auth.bearer_file": "",
		"hygiene.patterns": []string{secret},
	}
	maps.Copy(settings, others)
	text, err := c.settingsBut(settings)
	if err != nil {
		return false, err
	}
	r := NewRegistry()
	defer runtime.KeepAlive(r)
	server, err := native.Serve(r.native, text, func(string) {})
	if err == nil {
		native.CloseServer(server)
		return false, nil
	}
	vec, made := r.NewCounterVec(CounterOpts{Name: "seen_total"}, []string{"as"})
	if made != nil {
		return false, made
	}
	vec.WithLabelValues(secret).Inc()
	families, made := r.Gather()
	if made != nil {
		return false, made
	}
	return families[0].Series[0].Labels[0].Value != secret, failure(err)
}
