// Counter-based random numbers: Philox 4×32-10 (Salmon et al. 2011, "Parallel random numbers: as easy
// as 1, 2, 3"). Element i of a row depends on that row's key and on i alone.
#pragma once
#include <stdint.h>

typedef enum { MG_UNIFORM = 0, MG_NORMAL = 1 } mg_distribution;

/// Fills `rows` rows of `count` floats. `keys` holds four words a row: seed low, seed high, stream, step.
/// Uniform numbers lie in [0, 1); normal ones are standard.
void mg_random(mg_distribution distribution, const int32_t *keys, int64_t rows, int64_t count, float *output);
