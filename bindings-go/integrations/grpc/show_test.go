package tykgrpc_test

import (
	"fmt"
	"strings"

	"github.com/tykmetrics/tykmetrics/bindings-go"
)

// show prints the samples that begin so.
func show(registry *tykmetrics.Registry, prefixes ...string) {
	var text strings.Builder
	if err := registry.Render(&text, "text"); err != nil {
		fmt.Println(err)
	}
	for line := range strings.Lines(text.String()) {
		for _, prefix := range prefixes {
			if strings.HasPrefix(line, prefix) {
				fmt.Print(line)
			}
		}
	}
}
