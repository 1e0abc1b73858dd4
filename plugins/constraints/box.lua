-- Every pixel lies between two bounds.
local mg = require "moonglass"

return mg.constraint {
  name = "box",
  summary = "every pixel lies in lo … hi",
  params = {
    lo = { default = 0, doc = "smallest value of a pixel" },
    hi = { default = 1, doc = "largest value of a pixel" },
  },
  distance = function(x, p) -- the mean distance of a pixel from its interval
    if p.lo > p.hi then error("lo must not be above hi") end
    return ((p.lo - x):relu() + (x - p.hi):relu()):mean { 2, 3, 4 } -- [N]
  end,
  project = function(x, p)
    if p.lo > p.hi then error("lo must not be above hi") end
    return x:clamp(p.lo, p.hi)
  end,
}
