package nethttp

import (
	"io"
	"sync/atomic"
)

// countedBody counts a request body whose length was not declared. A client's
// transport may go on reading it after the handler has returned, so it is not
// pooled and its count is atomic.
type countedBody struct {
	io.ReadCloser
	count atomic.Int64
}

func (b *countedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.count.Add(int64(n))
	return n, err
}
