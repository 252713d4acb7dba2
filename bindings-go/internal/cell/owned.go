package cell

import (
	"math"

	"github.com/tykmetrics/tykmetrics/bindings-go/internal/native"
)

// ownerHolder is what the door calls the shard of one goroutine.
const ownerHolder = 5

// Shard is a shard that one goroutine at a time writes.
type Shard struct {
	native *native.CShard
	cells  *uint64
	limit  uint32
}

// OpenShard opens one.
func OpenShard() (*Shard, error) {
	shard, cells, limit, err := native.OpenShard(ownerHolder)
	if err != nil {
		return nil, err
	}
	privates.Store(limit)
	return &Shard{shard, (*uint64)(cells), limit}, nil
}

// Release gives the shard back. What is recorded on it later goes where records without a shard go.
func (shard *Shard) Release() {
	if shard.native != nil {
		native.ReleaseShard(shard.native)
		*shard = Shard{}
	}
}

// Add is Add on the shard; false if the series has no cell there.
func (shard *Shard) Add(s *Series, n uint64) bool {
	number := s.Number()
	if number >= shard.limit {
		return false
	}
	cell := at(shard.cells, number)
	store(cell, *cell+n)
	return true
}

// Observe is Observe on the shard; false if the series has no cells there.
func (shard *Shard) Observe(d *Distribution, v float64) bool {
	number := d.Number()
	if number >= shard.limit || d.Table.entries == nil || math.IsNaN(v) || math.IsInf(v, 0) {
		return false
	}
	offset := d.Table.locate(v)
	run := at(shard.cells, number)
	*at(run, offset)++
	addSum(at(run, offset&sumMask), v)
	return true
}
