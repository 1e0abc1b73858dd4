-- The pixels of an image are shares of a whole: none is negative, and they add up to the total.
local mg = require "moonglass"

return mg.constraint {
  name = "simplex",
  summary = "pixels are not negative and add up to `total`",
  params = {
    total = { default = 1, min = 0, doc = "what the pixels add up to" },
  },
  distance = function(x, p) -- x: [N, C, H, W]
    local negative = (-x):relu():sum { 2, 3, 4 }
    return (x:sum { 2, 3, 4 } - p.total):abs() + negative -- [N]
  end,
  project = function(x, p) -- (x - level):relu(), the level found by halving where it must lie
    local pixels = x:reshape { x.shape[1], -1 }
    local high = pixels:max(2, true)
    local low = high - p.total
    for _ = 1, 60 do
      local level = (low + high) / 2
      local is_low = (pixels - level):relu():sum(2, true):gt(p.total)
      low, high = mg.where(is_low, level, low), mg.where(is_low, high, level)
    end
    return (pixels - (low + high) / 2):relu():reshape(x.shape)
  end,
}
