-- Velocities of an incompressible flow, two states of 16×16 cells side by side, 2×16×32:
--
--     moonglass run examples/divergence_free.lua
--
-- The constraint, plugins/constraints/divergence_free.lua, says that what flows into every cell flows out of
-- it. Mirror images may be of either sign, so the inverse map ends without an activation.
local mg = require "moonglass"

return mg.recipe {
  name = "divergence_free",
  summary = "Kolmogorov flow without divergence, two states of 16×16",
  seed = 0,

  data = { "kolmogorov", count = 1000, test = 128, size = 16, rows = 1, columns = 2 },
  constraint = { "divergence_free", rows = 1, columns = 2 },
  operator = { "first_columns", count = 16 },

  namm = {
    filters = 8, layers = 2, width = 8, blocks = 2,
    residual = false, activation = "none",
    constraint_weight = 1, inverse_noise = 0.5, dropout = 0,
    steps = 1200, batch = 16, learning_rate = 1e-3,
  },
  mdm = {
    width = 16, multipliers = { 1, 2 }, blocks = 1, attention = {}, resampling = "nearest", dropout = 0,
    steps = 800, batch = 16, learning_rate = 1e-3, warmup = 50, average_decay = 0.999,
  },
  dm = {},

  sample = { count = 32, steps = 200 },
  solve = {
    count = 4, steps = 100, measurement_noise = 0.1,
    dps_scale = 0.02, cg_dps_scale = 0.02, cg_dps_weight = 1, mirror_dps_scale = 0.03,
  },
}
