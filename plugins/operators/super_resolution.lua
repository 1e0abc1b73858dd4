-- A coarse camera: every measured pixel is the mean of a square of the image's.
local mg = require "moonglass"

return mg.operator {
  name = "super_resolution",
  summary = "means over squares of `factor` x `factor` pixels",
  params = {
    factor = { default = 4, min = 1, integer = true, doc = "side of a square; must divide height and width" },
  },
  linear = true,
  forward = function(x, p) -- x: [N, C, H, W] -> [N, C, H / factor, W / factor]
    local n, c, height, width = x.shape[1], x.shape[2], x.shape[3], x.shape[4]
    if height % p.factor ~= 0 or width % p.factor ~= 0 then
      error("factor " .. p.factor .. " does not divide images of " .. height .. " x " .. width)
    end
    return x:reshape(n, c, height // p.factor, p.factor, width // p.factor, p.factor):mean { 4, 6 }
  end,
}
