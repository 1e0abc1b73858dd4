-- A detector that is overexposed: what is brighter than it can show reads as its limit.
local mg = require "moonglass"

return mg.operator {
  name = "saturation",
  summary = "gain * x, cut off below `low` and above `high`",
  params = {
    gain = { default = 1, min = 1e-6, doc = "measured value of a pixel of 1" },
    low = { default = 0, doc = "the least value it can show" },
    high = { default = 0.8, doc = "the largest value it can show" },
    noise = { default = 0, min = 0, doc = "standard deviation of the noise; 0: as the recipe says" },
  },
  domain = { min = 0, max = 1 },
  noise = function(p)
    if p.noise > 0 then return mg.noise.gaussian { sigma = p.noise } end
  end,
  forward = function(x, p) -- x: [N, C, H, W] -> the same
    return (x * p.gain):clamp(p.low, p.high)
  end,
}
