// Working memory of kernels, kept by each thread between calls: plans hold hundreds of kernels, which
// would otherwise each keep their own.
#pragma once
#include <stdint.h>

/// What a block is for: all tasks of a kernel, from the thread that starts it (packed weights), one task, or
/// zeros that one task reads.
typedef enum { MG_SCRATCH_CALL, MG_SCRATCH_TASK, MG_SCRATCH_ZEROS, MG_SCRATCH_COUNT } mg_scratch_use;

/// At least `count` floats on a 64-byte boundary, this thread's until it next asks for the same use. Their
/// values are undefined. Null when memory is short.
float *mg_scratch(mg_scratch_use use, int64_t count);
