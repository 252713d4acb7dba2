package bench

import (
	"testing"

	"github.com/tykmetrics/tykmetrics/bindings-go/bench/suite"
)

func Benchmark(b *testing.B) {
	for _, c := range suite.Cases() {
		b.Run(c.Job+"/"+c.Side, c.Run)
	}
}
