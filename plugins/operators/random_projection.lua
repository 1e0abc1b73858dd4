-- Compressed sensing: inner products of the image with random patterns.
local mg = require "moonglass"

return mg.operator {
  name = "random_projection",
  summary = "`count` inner products with Gaussian random patterns",
  params = {
    count = { default = 128, min = 1, integer = true, doc = "number of measurements" },
    seed = { default = 0, integer = true, doc = "which patterns" },
    noise = { default = 0, min = 0, doc = "standard deviation of the noise; 0: as the recipe says" },
  },
  linear = true,
  noise = function(p)
    if p.noise > 0 then return mg.noise.gaussian { sigma = p.noise } end
  end,
  forward = function(x, p) -- x: [N, C, H, W] -> [N, count]
    local pixels = x:flatten(2)
    -- Scaled so that measurements are as large as the image on average.
    local patterns = mg.randn({ pixels.shape[2], p.count }, p.seed):to(x.dtype) / math.sqrt(p.count)
    return pixels:matmul(patterns)
  end,
}
