-- Skies with exactly eight radio galaxies, 64×64. A network counts them; the constraint is the distance of its
-- count from eight.
--
--     moonglass run examples/count.lua
--
-- The network lies beside the plugin. To train one of your own first, add to the recipe
--
--     counter = { weights = "runs/counter.safetensors", size = 64 },
--
-- and make the constraint { "swift:count", weights = "runs/counter.safetensors", target = 8 }.
local mg = require "moonglass"

return mg.recipe {
  name = "count",
  summary = "eight radio galaxies on 64×64",
  seed = 0,

  data = { "galaxies", count = 1000, test = 64, size = 64 },
  constraint = { "count", target = 8 },
  operator = { "first_columns", count = 32 },

  namm = {
    filters = 8, layers = 2, width = 8, blocks = 3, residual = false,
    constraint_weight = 0.01, inverse_noise = 0.1, dropout = 0,
    steps = 300, batch = 16, learning_rate = 1e-3,
  },
  mdm = {
    width = 16, multipliers = { 1, 2, 2 }, blocks = 1, attention = {}, resampling = "nearest", dropout = 0,
    steps = 900, batch = 16, learning_rate = 1e-3, warmup = 100, average_decay = 0.999,
  },
  -- The inverse map learns to mend samples of the model that show seven objects or nine.
  finetune = {
    samples = 256, steps = 300, constraint_weight = 0.02, learning_rate = 5e-4,
    solver = "sde_dpm_solver++", sample_steps = 20,
  },
  dm = {},

  sample = { count = 64, solver = "sde_dpm_solver++", steps = 50 },
  solve = {
    count = 4, steps = 200, measurement_noise = 0.05,
    dps_scale = 0.02, cg_dps_scale = 0.02, cg_dps_weight = 0.1, mirror_dps_scale = 0.03,
  },
}
