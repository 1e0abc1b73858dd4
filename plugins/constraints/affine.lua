-- Linear equations A x = b hold, where x is the image as one long vector (row by row, channel by channel).
-- A row of A that is a single number stands for that number at every pixel.
local mg = require "moonglass"

return mg.constraint {
  name = "affine",
  summary = "the linear equations A x = b hold",
  params = {
    A = { default = { { 1 } }, doc = "a table of rows, each a table of coefficients" },
    b = { default = { 1 }, doc = "right-hand sides, one for each row of A" },
  },
  distance = function(x, p) -- the norm of the residual
    if #p.A ~= #p.b then error("A has " .. #p.A .. " rows, b has " .. #p.b .. " numbers") end
    local pixels = x:reshape { x.shape[1], -1 } -- [N, D]
    local residual = {}
    for i, row in ipairs(p.A) do
      residual[i] = (pixels * mg.tensor(row, x.dtype)):sum(2) - p.b[i]
    end
    return mg.stack(residual, 2):norm(2) -- [N]
  end,
  project = function(x, p) -- onto one equation after the other, each freed of those before it
    if #p.A ~= #p.b then error("A has " .. #p.A .. " rows, b has " .. #p.b .. " numbers") end
    local pixels = x:reshape { x.shape[1], -1 }
    local basis = {}
    for i, coefficients in ipairs(p.A) do
      local row, b = mg.zeros({ pixels.shape[2] }, x.dtype) + mg.tensor(coefficients, x.dtype), p.b[i]
      local size = (row * row):sum()
      for _, other in ipairs(basis) do
        local part = (row * other.row):sum() / other.square
        row, b = row - part * other.row, b - part * other.b
      end
      local square = (row * row):sum()
      -- What depends on the equations before it says nothing new.
      local is_new = square:gt(1e-10 * size)
      basis[#basis + 1] = { row = row, b = b, square = mg.where(is_new, square, 1) }
      local excess = mg.where(is_new, (pixels * row):sum(2, true) - b, 0)
      pixels = pixels - excess / basis[#basis].square * row
    end
    return pixels:reshape(x.shape)
  end,
}
