// Package tykredis measures clients of github.com/redis/go-redis/v9.
//
//	client.AddHook(tykredis.MustHook(tykredis.Options{}))
//	tykmetrics.MustRegister(tykredis.NewPools(tykredis.Options{}).Add("default", client))
//
// The hook keeps, with the labels in braces:
//
//	redis_operation_duration_seconds{command}       histogram
//	redis_operation_errors_total{command,reason}    counter; redis.Nil is no error
//	redis_dial_duration_seconds                     histogram
//	redis_dial_errors_total{reason}                 counter
//
// A pipeline is one operation with the command "pipeline", or "transaction" between
// MULTI and EXEC. What go-redis says by itself when a connection opens (hello, auth,
// select, client setinfo) is not counted. The reason is one of "reply" (the server says no), "transaction" (a
// watched key changed), "timeout", "canceled", "pool", "closed", "network" and
// "other".
//
// The pools are asked when somebody scrapes:
//
//	redis_pool_size{type}, redis_active_connections{type}, redis_idle_connections{type}
//	redis_pool_pending_requests{type}
//	redis_pool_hits_total{type}, redis_pool_misses_total{type}
//	redis_pool_timeouts_total{type}, redis_pool_stale_total{type}, redis_pool_unusable_total{type}
//	redis_pool_waits_total{type}, redis_pool_wait_seconds_total{type}
//
// [Tyk] has the options that give Tyk's gateway its names.
package tykredis
