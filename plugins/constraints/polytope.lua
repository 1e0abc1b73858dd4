-- Linear inequalities A x <= b hold, where x is the image as one long vector (row by row, channel by
-- channel). A row of A that is a single number stands for that number at every pixel.
local mg = require "moonglass"

return mg.constraint {
  name = "polytope",
  summary = "the linear inequalities A x <= b hold",
  params = {
    A = { default = { { 1 } }, doc = "a table of rows, each a table of coefficients" },
    b = { default = { 1 }, doc = "right-hand sides, one for each row of A" },
  },
  distance = function(x, p) -- the sum of what exceeds the bounds
    if #p.A ~= #p.b then error("A has " .. #p.A .. " rows, b has " .. #p.b .. " numbers") end
    local pixels = x:reshape { x.shape[1], -1 } -- [N, D]
    local excess = 0
    for i, row in ipairs(p.A) do
      excess = excess + ((pixels * mg.tensor(row, x.dtype)):sum(2) - p.b[i]):relu()
    end
    return excess -- [N]
  end,
}
