/*
 * libtykmetrics: a lock-free metrics engine for gateways, in C.
 *
 *     tyk_registry *registry = NULL;
 *     tyk_counter *requests = NULL;
 *     tyk_bytes text = {0};
 *     tyk_options options = tyk_options_of("requests_total", "Requests served");
 *     tyk_error *error = tyk_registry_global(&registry);
 *     if (!error) error = tyk_counter_new(registry, &options, &requests);
 *     tyk_counter_add(requests, 1);                          // for each request; NULL is ignored
 *     if (!error) error = tyk_render(registry, NULL, &text); // text.data, text.len: to the scraper
 *     if (error) fprintf(stderr, "%s\n", tyk_error_message(error));
 *     tyk_error_free(&error);
 *     tyk_bytes_free(&text);
 *     tyk_counter_free(&requests);
 *     tyk_registry_free(&registry);
 *
 * The rules
 *
 * Errors      Cold functions return an error: NULL is success, anything else is freed with tyk_error_free. Codes are
 *             stable numbers (TYK_ERROR_...), messages are for people. What a function gives out (the last arguments,
 *             `out` and such) is written on success only, and a failed call changes nothing. Hot functions (they say
 *             "Hot.") return nothing and cannot fail: what they cannot do is left undone and counted (tyk_ignored).
 *             Values that cannot be counted (not finite, a negative add to a counter) are left out and counted as
 *             invalid, by family; tyk_registry_collect_engine shows that.
 *             No panic of the engine crosses into the caller: it becomes an error of code TYK_ERROR_PANIC.
 * Ownership   What a function gives out by a pointer to a pointer is the caller's, who frees it with the function of
 *             its noun: tyk_counter_free, tyk_registry_free, tyk_shard_release, ... These take the address of the
 *             pointer and write NULL there; freeing NULL does nothing. Handles, families, registries and snapshots
 *             keep what they need alive, so they may be freed in any order. Texts and lists that a function is given
 *             are copied. Texts that are given out live as long as what they are of. tyk_bytes begin as {0}.
 * NULL        No argument is NULL, unless its description says so. One that is gives an error of code
 *             TYK_ERROR_NULL_POINTER (hot functions ignore the call), never a crash.
 * Threads     Every function may be called by any thread, and one handle used by many at once. Only what is freed must
 *             not be in use elsewhere. A tyk_shard or attached memory has one writer at a time. A signal handler may
 *             call tyk_counter_add_shared and nothing else.
 * Fork        A child begins with counts of zero, at the same addresses, and with gauges and states as its parent had
 *             set them. Its registries, families and handles are valid, and it may call every function, whatever other
 *             threads were at. A fork waits for calls of other threads that are changing or reading what the engine
 *             keeps, never for a callback; a callback may fork. After a fork in a signal handler, and after _Fork, the
 *             child should only record. A server stays with the parent: in a child its handle is only freed, and the
 *             child may start one of its own.
 * Text        UTF-8. Names, help and options end in NUL and must be UTF-8. Label values have a length (tyk_str) and may
 *             hold any byte: what is not UTF-8 becomes U+FFFD.
 * Callbacks   They run on the thread that scrapes (a server has its own), on several at once if there are several
 *             scrapes, while none of the engine's locks is held. They may record, and must neither throw, longjmp nor
 *             render or snapshot the registry that calls them. What they use is to be freed in their `drop`: a scrape
 *             that has begun may call them once more after they were taken out.
 * Versions    Structures that begin with `size` are read up to that size, so that programs built with an earlier
 *             header go on working. A program that was built with another layout of the rest is ended when it is
 *             loaded, with a message (define TYK_NO_LOAD_CHECK to call tyk_abi_check yourself).
 *
 * The record path
 *
 * tyk_counter_add and its like are functions for any language. The forms that end in _inline are the same work without
 * a call, for gcc and clang (with TYK_NO_INLINE defined they are calls): a plain add to a cell of the calling thread. A
 * fiber that may go on on another thread must not be switched within one; nothing in them can be switched at. In
 * shared libraries, -DTYK_THREAD_MODEL='__attribute__((tls_model("initial-exec")))' makes them quicker still, if the
 * library is not loaded by dlopen. C++ is served by the same header.
 *
 * Made from ffi-c/src by a test; edit there.
 */
