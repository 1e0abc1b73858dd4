-- The velocity fields of an image have no divergence. An image holds rows x columns states of n x n cells,
-- row by row in time; channel 1 is the velocity along the first axis, channel 2 along the second. The grid
-- is staggered and periodic: a cell's velocities sit on the two faces that it shares with the next cells.
local mg = require "moonglass"

-- The states of an image: u and v, both [N, rows, n, columns, n], and the side of a cell.
local function velocities(x, p)
  local n = x.shape[3] // p.rows
  local states = x:reshape { x.shape[1], 2, p.rows, n, p.columns, n }
  return states[{ {}, 1 }], states[{ {}, 2 }], 2 * mg.pi / n
end

local function divergence(u, v, h) return (u - u:roll(1, 3) + v - v:roll(1, 5)) / h end

return mg.constraint {
  name = "divergence_free",
  summary = "what flows into every cell flows out of it",
  params = {
    rows = { default = 2, min = 1, max = 64, integer = true, doc = "rows of states in an image" },
    columns = { default = 4, min = 1, max = 64, integer = true, doc = "columns of states in an image" },
  },
  domain = { channels = 2 },
  distance = function(x, p) -- x: [N, 2, rows * n, columns * n]
    return divergence(velocities(x, p)):abs():mean { 2, 3, 4, 5 } -- [N]
  end,
  project = function(x, p) -- v - grad q, where the Laplacian of q is the divergence of v
    local u, v, h = velocities(x, p)
    local n = u.shape[3]
    local wave = 2 * ((mg.arange(0, n - 1, 1, x.dtype) * (2 * mg.pi / n)):cos() - 1) / (h * h)
    local laplacian = wave:reshape { n, 1 } + wave:reshape { 1, n }
    local is_constant = laplacian:gt(-1e-9)
    local inverse = mg.where(is_constant, 0, 1 / mg.where(is_constant, 1, laplacian)):reshape { n, n, 1 }
    local source = divergence(u, v, h):permute { 1, 2, 4, 3, 5 } -- [N, rows, columns, n, n]
    local q = mg.ifft(mg.fft(mg.complex(source), 2) * inverse, 2)[{ {}, {}, {}, {}, {}, 1 }]
    q = q:permute { 1, 2, 4, 3, 5 }
    local states = mg.stack({ u - (q:roll(-1, 3) - q) / h, v - (q:roll(-1, 5) - q) / h }, 2)
    return states:reshape(x.shape)
  end,
}
