-- The total brightness of every image is a known number.
local mg = require "moonglass"

return mg.constraint {
  name = "total_brightness",
  summary = "the pixels of every image add up to `total`",
  params = {
    total = { default = 120, doc = "what the pixels add up to" },
  },
  distance = function(x, p) -- x: [N, C, H, W]
    return (x:sum { 2, 3, 4 } - p.total):abs() -- [N]
  end,
  project = function(x, p) -- every pixel takes the same part of what is missing
    local missing = p.total - x:sum({ 2, 3, 4 }, true)
    return x + missing / (x.shape[2] * x.shape[3] * x.shape[4])
  end,
}
