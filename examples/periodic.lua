-- Materials made of one repeated unit cell, 32×32:
--
--     moonglass run examples/periodic.lua
--
-- The constraint, plugins/constraints/periodic.lua, compares every quarter of an image with the others. Of
-- the inverse problem the left quarter is seen: the rest follows from the period and the prior.
local mg = require "moonglass"

return mg.recipe {
  name = "periodic",
  summary = "unit cells tiled two by two on 32×32",
  seed = 0,

  data = { "periodic", count = 2000, test = 256, size = 32 },
  constraint = { "periodic" },
  operator = { "first_columns", count = 8 },

  namm = {
    filters = 16, layers = 3, width = 16, blocks = 3,
    constraint_weight = 1, inverse_noise = 0.1, dropout = 0,
    steps = 1200, batch = 16, learning_rate = 1e-3,
  },
  mdm = {
    width = 16, multipliers = { 1, 2, 2 }, blocks = 1, attention = { 8 }, resampling = "nearest", dropout = 0,
    steps = 1000, batch = 32, learning_rate = 1e-3, warmup = 100, average_decay = 0.999,
  },
  dm = {},

  sample = { count = 64, steps = 300 },
  solve = {
    count = 16, steps = 300, measurement_noise = 0.1,
    dps_scale = 0.02, cg_dps_scale = 0.02, cg_dps_weight = 10, mirror_dps_scale = 0.03,
  },
}
