-- Radio interferometry with unknown phases and gains at every telescope: what these errors leave alone.
-- Around a triangle the phases of the visibilities add up to the closure phase; of four telescopes the
-- ratio of amplitudes |12||34| / |13||24| is the closure amplitude.
local mg = require "moonglass"
local interferometry = require("lib.interferometry", ">=1.0")

local params = {
  quantity = {
    default = "phases", choices = { "phases", "amplitudes" },
    doc = "cosine and sine of closure phases, or logarithms of closure amplitudes",
  },
}
for name, schema in pairs(interferometry.params) do params[name] = schema end

return mg.operator {
  name = "closure_quantities",
  summary = "interferometry: closure phases or amplitudes of `stations` telescopes",
  params = params,
  noise = interferometry.noise,
  -- [N, C, H, W] -> phases [N, C, times, triangles, 2], amplitudes [N, C, times, quadrangles]
  forward = function(x, p)
    local visibilities = interferometry.visibilities(x, p)
    local _, number = interferometry.baselines(p.stations)
    local function baseline(i, j) return visibilities[{ {}, {}, {}, number[i][j] }] end
    local results = {}
    if p.quantity == "phases" then
      if p.stations < 3 then error("closure phases need 3 telescopes") end
      for i = 2, p.stations do
        for j = i + 1, p.stations do
          local triangle = baseline(1, i):complex_mul(baseline(i, j)):complex_mul(baseline(1, j):conj())
          -- Of length 1, but for darkness, where there is no phase.
          results[#results + 1] = triangle / mg.maximum(triangle:norm({ -1, keepdims = true }), 1e-6)
        end
      end
      return mg.stack(results, 4)
    end
    if p.stations < 4 then error("closure amplitudes need 4 telescopes") end
    local function log_amplitude(i, j)
      return (baseline(i, j):square():sum(-1) + 1e-6):log() / 2
    end
    for i = 1, p.stations - 3 do
      results[#results + 1] = log_amplitude(i, i + 1) + log_amplitude(i + 2, i + 3)
        - log_amplitude(i, i + 2) - log_amplitude(i + 1, i + 3)
    end
    return mg.stack(results, 4)
  end,
}
