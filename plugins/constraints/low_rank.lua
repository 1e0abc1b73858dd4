-- Every channel of an image, read as a matrix, has a low rank: its rows are combinations of a few.
local mg = require "moonglass"

return mg.constraint {
  name = "low_rank",
  summary = "every channel is a matrix of rank `rank` at most",
  params = {
    rank = { default = 4, min = 1, integer = true, doc = "largest rank" },
  },
  distance = function(x, p) -- the Frobenius norm of what a matrix of that rank cannot give
    local values = mg.svdvals(x) -- [N, C, min(H, W)], falling
    if p.rank >= values.shape[3] then return mg.zeros({ x.shape[1] }, x.dtype) end
    return values[{ {}, {}, { p.rank + 1, -1 } }]:norm { 2, 3 } -- [N]
  end,
  project = function(x, p) -- the largest singular values alone (Eckart and Young 1936)
    local u, s, v = mg.svd(x)
    local few = { {}, {}, {}, { 1, math.min(p.rank, s.shape[3]) } }
    return mg.matmul((u * s:unsqueeze(3))[few], v[few]:transpose())
  end,
}
