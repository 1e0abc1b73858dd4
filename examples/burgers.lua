-- Solutions of Burgers' equation by truly implicit time steps, with finetuning:
--
--     moonglass run examples/burgers.lua
--
-- Data and constraint both advance by Crank and Nicolson's scheme, solved by a fixed-point iteration and
-- differentiated through its solution. The inverse map is trained further on samples of the mirror diffusion
-- model.
local mg = require "moonglass"

return mg.recipe {
  name = "burgers",
  summary = "Burgers' equation on 16×16 by Crank-Nicolson steps, with finetuning",
  seed = 0,

  data = { "burgers", count = 1000, test = 128, size = 16, substeps = 8, integrator = "crank_nicolson" },
  constraint = { "burgers", inner_steps = 8, integrator = "crank_nicolson", tolerance = 1e-4 },
  operator = { "first_columns", count = 4 },

  namm = {
    filters = 8, layers = 3, width = 16, blocks = 2,
    constraint_weight = 5, inverse_noise = 0.03, dropout = 0,
    steps = 1500, batch = 16, learning_rate = 1e-3,
  },
  mdm = {
    width = 16, multipliers = { 1, 2 }, blocks = 1, attention = {}, resampling = "nearest", dropout = 0,
    steps = 1600, batch = 16, learning_rate = 1e-3, warmup = 50, average_decay = 0.999,
  },
  -- x̃ of the mirror diffusion model instead of g(x): only the inverse map learns. No noise is added, since what
  -- it has to undo are the model's own errors; they are small, so that their distance needs a larger weight.
  finetune = {
    samples = 2048, solver = "sde_dpm_solver++",
    constraint_weight = 20, inverse_noise = 0, steps = 2000, learning_rate = 1e-3,
  },
  dm = {},

  sample = { count = 64, solver = "sde_dpm_solver++", steps = 50 },
  solve = {
    count = 4, steps = 100, measurement_noise = 0.1,
    dps_scale = 0.02, cg_dps_scale = 0.02, cg_dps_weight = 10, mirror_dps_scale = 0.03,
  },
}
