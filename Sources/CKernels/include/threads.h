// Parallel loops on a team of threads that OpenMP keeps.
#pragma once
#include <stdint.h>

/// Sets how many threads kernels use, whichever thread calls them; at least 1.
void mg_set_thread_count(int count);
/// How many threads kernels use.
int mg_thread_count(void);

typedef void (*mg_chunk_body)(void *context, int64_t chunk);

/// Calls `body` once for each chunk in 0..<chunks, in any order, on any thread.
void mg_parallel(int64_t chunks, void *context, mg_chunk_body body);

/// Prepares the process for kernels: large blocks stay with the allocator instead of being returned
/// to the system at every free. Safe to call more than once.
void mg_initialize(void);
