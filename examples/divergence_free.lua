-- Velocities of an incompressible flow, four states of 16×16 cells in an image of 2×32×32:
--
--     moonglass run examples/divergence_free.lua
--
-- The constraint, plugins/constraints/divergence_free.lua, says that what flows into every cell flows out of
-- it. Mirror images may be of either sign, so the inverse map ends without an activation.
local mg = require "moonglass"

return mg.recipe {
  name = "divergence_free",
  summary = "Kolmogorov flow without divergence, four states of 16×16",
  seed = 0,

  data = { "kolmogorov", count = 1000, test = 128, size = 16, rows = 2, columns = 2 },
  constraint = { "divergence_free", rows = 2, columns = 2 },
  operator = { "first_columns", count = 16 },

  namm = {
    filters = 16, layers = 2, width = 16, blocks = 3,
    residual = false, activation = "none",
    constraint_weight = 1, inverse_noise = 0.5, dropout = 0,
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
    dps_scale = 0.02, cg_dps_scale = 0.02, cg_dps_weight = 1, mirror_dps_scale = 0.03,
  },
}
