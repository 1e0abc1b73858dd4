#include "winograd.h"
#include "threads.h"
#include <string.h>

// The adjoint of Winograd's algorithm with respect to the weights. At each place it is a product over all
// tiles, which are taken in rounds. With few channels every part of the tiles has sums of its own, so that
// what a core transforms it also multiplies; sums of many channels are shared, and threads divide a round's
// tiles first and then its places.

// Floats of sums up to which parts have their own, floats of all parts together, and tiles worth a part.
#define PART_FLOATS (1 << 20)
#define ALL_PARTS_FLOATS (1 << 23)
#define PART_TILES 128
#define MAX_PARTS 16
// Tiles of a part's round; floats of a shared round; tiles that one of its tasks transforms, and over which
// one product runs before it is added to sums in memory.
#define OWN_TILES 64
#define ROUND_FLOATS (1 << 19)
#define TASK_TILES 8
#define PRODUCT_TILES 128

/// Tiles that are transformed before they are multiplied.
struct round {
  int64_t first, tiles;
  float *v, *z;
};

struct adjoint {
  struct winograd d;
  const float *out;
  // The sums, those of the parts one after the other, and the steps between parts and between places of z.
  float *sums;
  int64_t part_step, z_step, parts, groups, round_tiles;
  struct round shared;
};

static void transform_cotangent(const struct adjoint *a, const struct round *round, int64_t tile,
                                const float *outside) {
  const struct winograd *d = &a->d;
  const struct correlation *c = d->c;
  int64_t n, y, x, width = 2 * d->tiles->lanes;
  mg_locate_tile(d, round->first + tile, &n, &y, &x);
  const float *image = a->out + n * c->out_image_step, *pixels[16];
  for (int i = 0; i < 4; i++)
    for (int j = 0; j < 4; j++)
      pixels[4 * i + j] = y + i < c->out_height && x + j < c->out_width
                              ? image + (y + i) * c->out_row_step + (x + j) * c->out_column_step
                              : outside;
  // Whole panels are a round of tiles apart; the last may be narrower.
  int64_t whole = d->columns / width * width;
  if (whole > c->out_channels) whole = c->out_channels;
  d->form->cotangent(pixels, whole, round->z + tile * width, a->z_step, round->tiles * width);
  if (d->columns % width) {
    for (int i = 0; i < 16; i++) pixels[i] += whole;
    d->form->cotangent(pixels, c->out_channels - whole,
                       round->z + whole * round->tiles + tile * (d->columns - whole), a->z_step, 0);
  }
}

/// Transforms some of a round's tiles.
static void transform(struct adjoint *a, const struct round *round, int64_t from, int64_t end) {
  const float *outside = mg_outside(a->d.c);
  if (!outside) return atomic_store(&a->d.failed, 1);
  mg_transform_tiles(&a->d, round->first + from, end - from, outside, round->v + from * a->d.tile_step);
  for (int64_t tile = from; tile < end; tile++) transform_cotangent(a, round, tile, outside);
}

/// Adds a round's products at one place, in some of the panels.
static void add_place(const struct adjoint *a, const struct round *round, int64_t place, int64_t from_panel,
                      int64_t end_panel, float *sums) {
  const struct winograd *d = &a->d;
  const struct correlation *c = d->c;
  int64_t width = 2 * d->tiles->lanes, blocks = (c->channels + d->tiles->rows - 1) / d->tiles->rows;
  sums += mg_weight_place(d, place) * d->u_step;
  for (int64_t from = 0; from < round->tiles; from += PRODUCT_TILES) {
    int64_t count = round->tiles - from < PRODUCT_TILES ? round->tiles - from : PRODUCT_TILES;
    const float *v = round->v + place * d->v_step + from * d->tile_step;
    for (int64_t first = from_panel * width; first < d->columns && first < end_panel * width; first += width) {
      int64_t columns = d->columns - first < width ? d->columns - first : width;
      const float *panel = round->z + place * a->z_step + first * round->tiles + from * columns;
      for (int64_t block = 0; block < blocks; block++) {
        int64_t k = block * c->channels / blocks, end = (block + 1) * c->channels / blocks;
        const float *rows[2] = {v + k, NULL};
        d->tiles->outer(end - k, columns, 1, 0, count, rows, d->tile_step, panel,
                        sums + first * c->channels + k * columns);
      }
    }
  }
}

// MARK: Sums of parts

static void sum_part(void *context, int64_t part) {
  struct adjoint *a = context;
  const struct winograd *d = &a->d;
  struct round round = {.v = mg_scratch(MG_SCRATCH_TASK, d->places * (d->v_step + a->z_step))};
  if (!round.v) return atomic_store(&a->d.failed, 1);
  round.z = round.v + d->places * d->v_step;
  float *sums = a->sums + part * a->part_step;
  memset(sums, 0, (size_t)a->part_step * sizeof(float));
  int64_t end = (part + 1) * d->total / a->parts;
  for (round.first = part * d->total / a->parts; round.first < end; round.first += round.tiles) {
    round.tiles = end - round.first < a->round_tiles ? end - round.first : a->round_tiles;
    transform(a, &round, 0, round.tiles);
    for (int64_t place = 0; place < d->places; place++) add_place(a, &round, place, 0, d->panels, sums);
  }
}

/// Adds the parts at one place, in their order.
static void add_parts(void *context, int64_t place) {
  const struct adjoint *a = context;
  float *sums = a->sums + place * a->d.u_step;
  for (int64_t part = 1; part < a->parts; part++) {
    const float *more = sums + part * a->part_step;
    for (int64_t i = 0; i < a->d.u_step; i++) sums[i] += more[i];
  }
}

static int sum_in_parts(struct adjoint *a) {
  struct winograd *d = &a->d;
  a->round_tiles = OWN_TILES < d->total ? OWN_TILES : d->total;
  d->v_step = a->round_tiles * d->tile_step + 16;
  a->z_step = a->round_tiles * d->columns + 16;
  a->sums = mg_scratch(MG_SCRATCH_CALL, a->parts * a->part_step);
  if (!a->sums) return -1;
  mg_parallel(a->parts, a, sum_part);
  mg_parallel(36, a, add_parts);
  return 0;
}

// MARK: Shared sums

static void transform_task(void *context, int64_t task) {
  struct adjoint *a = context;
  int64_t from = task * TASK_TILES, end = from + TASK_TILES;
  transform(a, &a->shared, from, end < a->shared.tiles ? end : a->shared.tiles);
}

/// A task is one of the weights' places, in a group of panels; the places that share a weight come first.
static void add_task(void *context, int64_t task) {
  const struct adjoint *a = context;
  const struct winograd *d = &a->d;
  int64_t weight = 35 - task / a->groups, group = task % a->groups;
  int64_t from = group * d->panels / a->groups, end = (group + 1) * d->panels / a->groups;
  for (int64_t place = weight; place < d->places; place++)
    if (mg_weight_place(d, place) == weight) add_place(a, &a->shared, place, from, end, a->sums);
}

static int sum_together(struct adjoint *a) {
  struct winograd *d = &a->d;
  a->round_tiles = ROUND_FLOATS / (d->places * (d->tile_step + d->columns)) / 128 * 128;
  if (a->round_tiles < 128) a->round_tiles = 128;
  if (a->round_tiles > d->total) a->round_tiles = d->total;
  d->v_step = a->round_tiles * d->tile_step + 16;
  a->z_step = a->round_tiles * d->columns + 16;
  a->groups = d->places > 36 && d->panels > 1 ? (d->panels < 4 ? d->panels : 4) : 1;
  a->sums = mg_scratch(MG_SCRATCH_CALL, a->part_step + d->places * (d->v_step + a->z_step));
  if (!a->sums) return -1;
  memset(a->sums, 0, (size_t)a->part_step * sizeof(float));
  a->shared.v = a->sums + a->part_step;
  a->shared.z = a->shared.v + d->places * d->v_step;
  for (int64_t first = 0; first < d->total; first += a->round_tiles) {
    a->shared.first = first;
    a->shared.tiles = d->total - first < a->round_tiles ? d->total - first : a->round_tiles;
    mg_parallel((a->shared.tiles + TASK_TILES - 1) / TASK_TILES, a, transform_task);
    mg_parallel(36 * a->groups, a, add_task);
  }
  return 0;
}

// MARK: Both

static void unpack_weights(void *context, int64_t panel) {
  const struct adjoint *a = context;
  const struct winograd *d = &a->d;
  const struct correlation *c = d->c;
  int64_t width = 2 * d->tiles->lanes, first = panel * width;
  int64_t columns = c->out_channels - first < width ? c->out_channels - first : width;
  d->form->weights_adjoint(a->sums + first * c->channels, d->u_step, c->channels, d->w->row, columns,
                           d->w->column, (float *)d->w->origin + first * d->w->column);
}

int mg_winograd_weights(const struct correlation *c, const float *in, const float *out, const struct filter *w) {
  enum winograd_form form = c->stride_height == 2 ? MG_WINOGRAD_STRIDED : MG_WINOGRAD_PLAIN;
  struct adjoint a = {.d = mg_winograd_prepare(c, form, w, in), .out = out};
  struct winograd *d = &a.d;
  if (d->tile_step % 32 == 0) d->tile_step += 16;
  a.part_step = 36 * d->u_step;
  // By sizes alone, so that sums come out the same whatever the number of threads.
  a.parts = d->total / PART_TILES;
  if (a.parts > MAX_PARTS) a.parts = MAX_PARTS;
  if (a.parts > ALL_PARTS_FLOATS / a.part_step) a.parts = ALL_PARTS_FLOATS / a.part_step;
  int own = a.part_step <= PART_FLOATS && a.parts >= 2;
  if ((own ? sum_in_parts(&a) : sum_together(&a)) != 0) return -1;
  mg_parallel(d->panels, &a, unpack_weights);
  return -atomic_load(&d->failed);
}
