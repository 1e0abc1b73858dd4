-- Pictures of black holes whose brightness adds up to a known total, 32×32:
--
--     moonglass run examples/total_brightness.lua
--
-- Telescopes measure that total well, and the picture badly. The constraint is one line of Lua,
-- plugins/constraints/total_brightness.lua.
local mg = require "moonglass"

return mg.recipe {
  name = "total_brightness",
  summary = "black holes of known total brightness on 32×32",
  seed = 0,

  data = { "black_hole", count = 2000, test = 256, size = 32, total = 30 },
  constraint = { "total_brightness", total = 30 },
  operator = { "first_columns", count = 16 },

  namm = {
    filters = 16, layers = 3, width = 16, blocks = 3,
    constraint_weight = 0.05, inverse_noise = 0.1, dropout = 0,
    steps = 1200, batch = 16, learning_rate = 1e-3,
  },
  mdm = {
    width = 16, multipliers = { 1, 2, 2 }, blocks = 1, attention = { 8 }, resampling = "nearest", dropout = 0,
    steps = 1000, batch = 32, learning_rate = 1e-3, warmup = 100, average_decay = 0.999,
  },
  dm = {},

  sample = { count = 64, steps = 300 },
  solve = {
    count = 16, steps = 300, measurement_noise = 0.02,
    dps_scale = 0.02, cg_dps_scale = 0.02, cg_dps_weight = 1, mirror_dps_scale = 0.03,
  },
}
