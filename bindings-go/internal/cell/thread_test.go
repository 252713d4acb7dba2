//go:build linux && amd64 && !tykmetrics_noasm

package cell

import (
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/tykmetrics/tykmetrics/bindings-go/internal/native"
)

func TestThreadsWriteTheirOwnCells(t *testing.T) {
	// The other paths count as well, so no total would show that this one is never taken.
	if tlsOffset == 0 {
		t.Error("the offset of a thread's cells is not known: every record goes the way of processors")
	}
}

func TestAThreadThatIsRefusedAShardAsksOnce(t *testing.T) {
	registry, err := native.NewRegistry(native.RegistryOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer native.FreeRegistry(registry)
	family, err := native.NewFamily(registry, native.Counter, &native.Options{Name: "c_total"})
	if err != nil {
		t.Fatal(err)
	}
	defer native.FreeFamily(family)
	handle, err := native.With(native.Counter, family, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer native.FreeHandle(native.Counter, handle)
	var all []*Shard
	for len(all) < 1<<16 {
		shard, err := OpenShard()
		if err != nil {
			break
		}
		all = append(all, shard)
	}
	defer func() {
		for _, shard := range all {
			shard.Release()
		}
	}()
	if len(all) == 1<<16 {
		t.Fatal("the engine has no cap of shards")
	}
	before := atomic.LoadInt32(adopted)
	var knows bool
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlocked: the thread ends
		for range 100 {
			Add(Of(handle), 1)
		}
		knows = refused()
	}()
	<-done
	if !knows {
		t.Error("the thread asks again at every record")
	}
	if after := atomic.LoadInt32(adopted); after > before {
		t.Errorf("%d threads are counted as those with a shard, %d before", after, before)
	}
	if n, err := native.Value(native.Counter, handle); n != 100 || err != nil {
		t.Errorf("%v of 100 records are counted: %v", n, err)
	}
}
