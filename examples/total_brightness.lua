-- Pictures of black holes whose brightness adds up to a known total, 16×16:
--
--     moonglass run examples/total_brightness.lua
--
-- Telescopes measure that total well, and the picture badly. The constraint is one line of Lua,
-- plugins/constraints/total_brightness.lua.
local mg = require "moonglass"

return mg.recipe {
  name = "total_brightness",
  summary = "black holes of known total brightness on 16×16",
  seed = 0,

  data = { "black_hole", count = 1000, test = 128, size = 16, total = 30 },
  constraint = { "total_brightness", total = 30 },
  operator = { "first_columns", count = 8 },

  namm = {
    filters = 8, layers = 3, width = 8, blocks = 2,
    constraint_weight = 0.02, inverse_noise = 0.1, dropout = 0,
    steps = 2500, batch = 16, learning_rate = 1e-3,
  },
  mdm = {
    width = 16, multipliers = { 1, 2 }, blocks = 1, attention = {}, resampling = "nearest", dropout = 0,
    steps = 1600, batch = 16, learning_rate = 1e-3, warmup = 50, average_decay = 0.999,
  },
  dm = {},

  sample = { count = 64, solver = "sde_dpm_solver++", steps = 50 },
  solve = {
    count = 16, steps = 200, measurement_noise = 0.05,
    -- Scales at which each solver leaves about the noise between y and A(x).
    dps_scale = 0.008, cg_dps_scale = 0.008, cg_dps_weight = 1, mirror_dps_scale = 0.03,
  },
}
