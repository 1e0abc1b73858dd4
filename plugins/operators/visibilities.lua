-- Radio interferometry with calibrated phases: Fourier coefficients of the sky.
local mg = require "moonglass"
local interferometry = require("lib.interferometry", ">=1.0")

return mg.operator {
  name = "visibilities",
  summary = "interferometry: Fourier coefficients at the baselines of `stations` telescopes",
  params = interferometry.params,
  linear = true,
  noise = interferometry.noise,
  forward = interferometry.visibilities, -- [N, C, H, W] -> [N, C, times, baselines, 2]
}
