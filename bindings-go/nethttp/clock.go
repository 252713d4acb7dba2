package nethttp

import "time"

// origin is any moment. What has passed since is read from the monotonic clock alone,
// where time.Now reads the wall clock too.
var origin = time.Now()

func now() time.Duration { return time.Since(origin) }
