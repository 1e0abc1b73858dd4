-- Materials made of one repeated unit cell, 16×16:
--
--     moonglass run examples/periodic.lua
--
-- The constraint, plugins/constraints/periodic.lua, compares every quarter of an image with the others. Of
-- the inverse problem the left quarter is seen: the rest follows from the period and the prior.
local mg = require "moonglass"

return mg.recipe {
  name = "periodic",
  summary = "unit cells tiled two by two on 16×16",
  seed = 0,

  data = { "periodic", count = 1000, test = 128, size = 16 },
  constraint = { "periodic" },
  operator = { "first_columns", count = 4 },

  namm = {
    filters = 8, layers = 3, width = 8, blocks = 2,
    constraint_weight = 1, inverse_noise = 0.1, dropout = 0,
    steps = 400, batch = 16, learning_rate = 1e-3,
  },
  mdm = {
    width = 16, multipliers = { 1, 2 }, blocks = 1, attention = {}, resampling = "nearest", dropout = 0,
    steps = 800, batch = 16, learning_rate = 1e-3, warmup = 50, average_decay = 0.999,
  },
  dm = {},

  sample = { count = 32, steps = 200 },
  solve = {
    count = 4, steps = 100, measurement_noise = 0.1,
    dps_scale = 0.02, cg_dps_scale = 0.02, cg_dps_weight = 10, mirror_dps_scale = 0.03,
  },
}
