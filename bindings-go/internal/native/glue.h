/* What native.go calls beside the functions of the header. */
#ifndef TYK_GO_GLUE_H
#define TYK_GO_GLUE_H
/* The record path is that of package cell. */
#define TYK_NO_INLINE
#include <tykmetrics.h>

/* tyk_X_with, tyk_X_free, tyk_X_value and tyk_X_distribution by the number of the kind. */
typedef struct tyk_go_got {
  void *handle;
  tyk_error *error;
} tyk_go_got;
tyk_go_got tyk_go_with(uint32_t kind, const tyk_family *family, const tyk_str *values, size_t n);
void tyk_go_free(uint32_t kind, void *handle);
tyk_error *tyk_go_value(uint32_t kind, const void *handle, double *out);
tyk_error *tyk_go_distribution(uint32_t kind, const void *handle, tyk_distribution **out);

/* A record by a thread that has no shard yet, which opens one: the limit of private cells, which all shards have in common.
 * TYK_GO_NONE if the record is made and the engine has no shard for the thread; 0 if no record is made, as `most` other
 * threads have a shard already. */
#define TYK_GO_NONE UINT32_MAX
uint32_t tyk_go_first_add(uint32_t kind, const void *handle, uint64_t n, int32_t most);
uint32_t tyk_go_first_observe(uint32_t kind, const void *handle, double v, int32_t most);
/* How many threads have one, for atomic reads. */
int32_t *tyk_go_adopted(void);
/* tyk_thread_cells() minus the thread pointer, on linux/amd64; 0 elsewhere. */
intptr_t tyk_go_thread_offset(void);
/* The same of an int32_t that is not 0 in a thread for which the engine has no shard. */
intptr_t tyk_go_refused_offset(void);

/* tyk_render and tyk_snapshot_new; `scrape` is given to the collectors of Go that are called meanwhile. */
tyk_error *tyk_go_render(tyk_registry *registry, const tyk_exposition *exposition, tyk_bytes *out, uintptr_t scrape);
tyk_error *tyk_go_snapshot(tyk_registry *registry, tyk_snapshot **out, uintptr_t scrape);

/* The callbacks of native.go behind plain function pointers. */
tyk_error *tyk_go_collect(tyk_registry *registry, uintptr_t user, uint64_t *id);
tyk_error *tyk_go_serve(tyk_registry *registry, const char *settings, uintptr_t user, tyk_server **out);
tyk_error *tyk_go_callback(uint32_t kind, const void *handle, uintptr_t user);
#endif
