-- Linear inequalities A x <= b hold, where x is the image as one long vector (row by row, channel by
-- channel). A row of A that is a single number stands for that number at every pixel.
local mg = require "moonglass"

local function check_sizes(p)
  if #p.A ~= #p.b then error("A has " .. #p.A .. " rows, b has " .. #p.b .. " numbers") end
end

return mg.constraint {
  name = "polytope",
  summary = "the linear inequalities A x <= b hold",
  params = {
    A = { default = { { 1 } }, doc = "a table of rows, each a table of coefficients" },
    b = { default = { 1 }, doc = "right-hand sides, one for each row of A" },
  },
  distance = function(x, p) -- the sum of what exceeds the bounds
    check_sizes(p)
    local pixels = x:reshape { x.shape[1], -1 } -- [N, D]
    local excess = 0
    for i, row in ipairs(p.A) do
      excess = excess + ((pixels * mg.tensor(row, x.dtype)):sum(2) - p.b[i]):relu()
    end
    return excess -- [N]
  end,
  -- The nearest point is x - push A, rows of A of length 1, with the least pushes >= 0 that meet every bound:
  -- Hildreth's method (1957) sets one of them after the other. Where no point meets all, it does not end.
  project = function(x, p)
    check_sizes(p)
    local pixels = x:reshape { x.shape[1], -1 }:to "float64"
    local rows, bounds = {}, {}
    for i, coefficients in ipairs(p.A) do
      local row = mg.zeros({ pixels.shape[2] }, "float64") + mg.tensor(coefficients, "float64")
      local size = row:norm(1)
      size = mg.where(size:gt(0), size, 1)
      rows[i], bounds[i] = row / size, p.b[i] / size
    end
    local A = mg.stack(rows, 1) -- [M, D]
    local excess = pixels:matmul(A:transpose()) - mg.stack(bounds, 1) -- [N, M]
    local gram, unit = A:matmul(A:transpose()), mg.eye(#rows, "float64")
    local function sweep(push)
      for i = 1, #rows do
        local own = push[{ {}, { i, i } }] -- [N, 1]
        local left = excess[{ {}, { i, i } }] - (push * gram[i]):sum(2, true)
        push = push + ((own + left):relu() - own) * unit[i]
      end
      return push
    end
    local push = mg.fixed_point(sweep, mg.zeros(excess.shape, "float64"), { tolerance = 1e-12, max_steps = 100000 })
    return (pixels - push:matmul(A)):to(x.dtype):reshape(x.shape)
  end,
}
