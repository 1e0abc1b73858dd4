-- The whole chain on solutions of Burgers' equation, in minutes on two cores:
--
--     moonglass run examples/quickstart.lua
--
-- Images are 32×32: rows are space, columns are time. The constraint says that every column is the one
-- before it, advanced by the equation; it is the Lua file plugins/constraints/burgers.lua. A mirror
-- diffusion model (NAMM + MDM) is trained, and a plain one (DM) for the same time. Then states are
-- recovered from noisy measurements of the first columns.
local mg = require "moonglass"

return mg.recipe {
  name = "quickstart",
  summary = "Burgers' equation on 32×32: mirror diffusion against plain diffusion at equal training time",
  seed = 0,

  data = { "burgers", count = 2000, test = 256, size = 32, substeps = 10 },
  constraint = { "burgers", inner_steps = 10 },
  operator = { "first_columns", count = 8 },

  -- The mirror map: g = gradient of a convex network, f = its approximate inverse.
  namm = {
    filters = 16, layers = 3, width = 16, blocks = 3,
    constraint_weight = 5, inverse_noise = 0.1, dropout = 0,
    steps = 1200, batch = 16, learning_rate = 1e-3,
  },

  -- The diffusion model in mirror space.
  mdm = {
    width = 16, multipliers = { 1, 2, 2 }, blocks = 1, attention = { 8 }, resampling = "nearest", dropout = 0,
    steps = 1000, batch = 32, learning_rate = 1e-3, warmup = 100, average_decay = 0.999,
  },

  -- The inverse map learns on, from samples of that model: its errors are what it has to undo.
  finetune = {
    samples = 1024, solver = "sde_dpm_solver++",
    constraint_weight = 20, inverse_noise = 0, steps = 1000, learning_rate = 1e-3,
  },

  -- The baseline: the same network on the data themselves, trained as long as all of the above took.
  dm = {},

  sample = { count = 64, solver = "sde_dpm_solver++", steps = 50 },
  -- Guidance scales at which the three solvers fit the measurements about equally well.
  solve = {
    count = 16, steps = 300, measurement_noise = 0.1,
    dps_scale = 0.02, cg_dps_scale = 0.02, cg_dps_weight = 10, mirror_dps_scale = 0.03,
  },
}
