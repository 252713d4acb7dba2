//go:build !(linux && amd64) || tykmetrics_noasm

package cell

// Add adds n to a counter's series.
func Add(s *Series, n uint64) {
	if !addOwn(s.Number(), n) {
		elsewhere(s, n)
	}
}

// AddUpDown adds n, a negative one in two's complement, to the series of an up-down.
func AddUpDown(s *Series, n uint64) {
	if !addOwn(s.Number(), n) {
		elsewhereUpDown(s, n)
	}
}

func observe(s *Series, offset uint32, v float64) bool { return observeOwn(s.Number(), offset, v) }

// adopt is for threads that write their own cells, which none does here.
func adopt() bool { return false }

func learn() {}
