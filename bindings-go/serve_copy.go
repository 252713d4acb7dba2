package tykmetrics

import (
	"os"
	"slices"
	"strings"
)

// refusedOf is an error if hygiene or the reset is asked for where a copy of what is served: the engine would do either to
// the copy's registry, which has no series of its own, and tell of success.
func (c *ServerConfig) refusedOf(what string) error {
	if asked(c.Hygiene.Enabled, "TYKMETRICS_HYGIENE_ENABLED") {
		return fail(InvalidConfig, "hygiene.enabled is true and cannot clean %s, a copy of series that are made elsewhere: "+
			"serve the one *Registry that makes them, or set Hygiene.Enabled to false", what)
	}
	if asked(c.Routes.Reset, "TYKMETRICS_ROUTES_RESET") {
		return fail(InvalidConfig, "routes.reset is true and cannot reset %s, a copy of metrics that are held elsewhere: "+
			"serve the one *Registry that holds them, or set Routes.Reset to false", what)
	}
	return nil
}

// asked tells whether a setting is true, by the configuration or else by the environment, where no other name stands for
// it. A word that the engine does not know counts as a yes; it is refused in any case.
func asked(said *bool, name string) bool {
	if said != nil {
		return *said
	}
	return !slices.Contains([]string{"", "false", "no", "off", "0"}, strings.ToLower(os.Getenv(name)))
}
