package tykmetrics

import "github.com/tykmetrics/tykmetrics/bindings-go/internal/cell"

// Shard is the right of one goroutine to its own cells: counter.AddOn and histogram.ObserveOn with it cost less than
// records without, and goroutines with a shard each never wait for one another. It suits workers that live long.
// A shard is written by one goroutine at a time. With nil, or the zero Shard, records go the common way.
type Shard struct{ cells *cell.Shard }

// OpenShard opens a shard. It is an error of code Platform if the process has as many as there may be.
func OpenShard() (*Shard, error) {
	cells, err := cell.OpenShard()
	if err != nil {
		return nil, failure(err)
	}
	return &Shard{cells}, nil
}

// Release gives the shard back; what was recorded on it stays counted. Records on a released shard go the common way.
func (s *Shard) Release() {
	if s.open() {
		s.cells.Release()
	}
}

func (s *Shard) open() bool { return s != nil && s.cells != nil }
