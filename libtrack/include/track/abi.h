/* abi.h: what libtrack.so exports for the headers beside it. Include track.h instead: its functions
 * have the same names without "abi" and may be called whether or not the library is there.
 *
 * Every symbol is weak: its address is null in a program that runs without libtrack.so. Who calls
 * from another language looks these names up by dlsym and does the same. A function that is new in
 * a later version has a new name; none ever changes its meaning.
 */
#ifndef TRACK_ABI_H_
#define TRACK_ABI_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TRACK_WEAK __attribute__((weak))

struct track_task;
struct track_held;
struct track_leak_query;

TRACK_WEAK int track_abi_is_recording(void);
TRACK_WEAK const char* track_abi_recording_path(void);
TRACK_WEAK uint64_t track_abi_lost(void);
TRACK_WEAK int track_abi_dump(const char* path);

TRACK_WEAK int track_abi_label_set(const char* key, const char* value);
TRACK_WEAK uint32_t track_abi_labels(void);
TRACK_WEAK uint32_t track_abi_labels_use(uint32_t labels);
TRACK_WEAK const char* track_abi_labels_get(uint32_t labels, const char* key);

TRACK_WEAK int track_abi_task_name(const char* name) __attribute__((nothrow));
TRACK_WEAK int track_abi_task_long_lived(int expected) __attribute__((nothrow));
TRACK_WEAK int track_abi_coroutine_name(const void* frame, const char* name)
    __attribute__((nothrow));
TRACK_WEAK int track_abi_coroutine_long_lived(const void* frame, int expected)
    __attribute__((nothrow));
TRACK_WEAK int track_abi_lock_name(const void* lock, const char* name) __attribute__((nothrow));

TRACK_WEAK int track_abi_root_add(const void* begin, size_t bytes) __attribute__((nothrow));
TRACK_WEAK int track_abi_root_remove(const void* begin, size_t bytes) __attribute__((nothrow));
TRACK_WEAK int track_abi_kernel_holds(const void* object) __attribute__((nothrow));
TRACK_WEAK int track_abi_kernel_gave_back(const void* object) __attribute__((nothrow));

TRACK_WEAK int track_abi_pool_enter(const void* pool, const char* name) __attribute__((nothrow));
TRACK_WEAK int track_abi_pool_leave(void) __attribute__((nothrow));
TRACK_WEAK void track_abi_pool_job_begin(void) __attribute__((nothrow));
TRACK_WEAK void track_abi_pool_job_end(void) __attribute__((nothrow));

TRACK_WEAK void track_abi_wait_begin(const void* object, uint32_t kind) __attribute__((nothrow));
TRACK_WEAK void track_abi_wait_end(void) __attribute__((nothrow));
TRACK_WEAK int track_abi_owner_set(const void* object) __attribute__((nothrow));
TRACK_WEAK void track_abi_owner_clear(const void* object) __attribute__((nothrow));
TRACK_WEAK int track_abi_woke(const void* object) __attribute__((nothrow));
TRACK_WEAK void track_abi_object_gone(const void* object) __attribute__((nothrow));

TRACK_WEAK uint64_t track_abi_scope_begin(const char* name) __attribute__((nothrow));
TRACK_WEAK int track_abi_scope_end(uint64_t scope) __attribute__((nothrow));
TRACK_WEAK uint64_t track_abi_scope_live(uint64_t scope, uint64_t settle_ns)
    __attribute__((nothrow));

TRACK_WEAK uint64_t track_abi_count(int kind);
TRACK_WEAK uint64_t track_abi_count_labelled(int kind, const char* key, const char* value);
TRACK_WEAK int track_abi_task_next(uint64_t* cursor, struct track_task* task, size_t task_bytes);
TRACK_WEAK int track_abi_leak_next(uint64_t* cursor, const struct track_leak_query* query,
                                   size_t query_bytes, struct track_task* task, size_t task_bytes);
TRACK_WEAK int track_abi_held_next(uint64_t* cursor, struct track_held* held, size_t held_bytes);

#ifdef __cplusplus
}
#endif

#endif /* TRACK_ABI_H_ */
