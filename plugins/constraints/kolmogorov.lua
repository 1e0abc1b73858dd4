-- The states of an image are a trajectory of Kolmogorov flow: incompressible, on a torus of side 2 pi,
-- driven by a sinusoidal force. Each state, advanced in time, must be the next one.
--
-- The scheme is that of the data: explicit Euler steps on a staggered grid, upwind fluxes with van Leer's
-- limiter, and a projection that takes the divergence out. u sits on the faces towards the next row, v on
-- those towards the next column; both are [B, n, n].
local mg = require "moonglass"

local function after(x, axis) return x:roll(-1, axis) end
local function before(x, axis) return x:roll(1, axis) end
local function mean(x, axis) return (x + after(x, axis)) / 2 end

-- w c on the faces between c and its next neighbour.
local function flux(c, w, axis, p, h)
  local following = after(c, axis)
  local slope = following - c
  local forward = w:gt(0)
  local safe = mg.where(slope:eq(0), 1, slope)
  local ratio = (mg.where(forward, before(slope, axis), after(slope, axis)) / safe):relu()
  local limiter = 2 * ratio / (ratio + 1)
  local courant = w * (p.dt / h)
  local correction = mg.where(forward, 1 - courant, -1 - courant) / 2 * slope
  return w * (mg.where(forward, c, following) + limiter * correction)
end

-- -div(w c), for the velocities on the faces along both axes.
local function inflow(c, w1, w2, p, h)
  local f1, f2 = flux(c, w1, 2, p, h), flux(c, w2, 3, p, h)
  return (before(f1, 2) - f1 + before(f2, 3) - f2) / h
end

local function laplacian(x, h)
  return (after(x, 2) + before(x, 2) + after(x, 3) + before(x, 3) - 4 * x) / (h * h)
end

-- One over the eigenvalues of the Laplacian, 0 for the constant: [n, n, 1].
local function inverse_laplacian(n, h, dtype)
  local wave = 2 * ((mg.arange(0, n - 1, 1, dtype) * (2 * mg.pi / n)):cos() - 1) / (h * h)
  local values = wave:reshape { n, 1 } + wave:reshape { 1, n }
  local constant = values:gt(-1e-9)
  return mg.where(constant, 0, 1 / mg.where(constant, 1, values)):reshape { n, n, 1 }
end

-- Takes the gradient out that carries the divergence.
local function project(u, v, inverse, h)
  local divergence = (u - before(u, 2) + v - before(v, 3)) / h
  local q = mg.ifft(mg.fft(mg.complex(divergence), 2) * inverse, 2)[{ {}, {}, {}, 1 }]
  return u - (after(q, 2) - q) / h, v - (after(q, 3) - q) / h
end

return mg.constraint {
  name = "kolmogorov",
  summary = "every state of the flow is the one before, advanced in time",
  params = {
    rows = { default = 2, min = 1, max = 64, integer = true, doc = "rows of states in an image" },
    columns = { default = 4, min = 1, max = 64, integer = true, doc = "columns of states in an image" },
    inner_steps = {
      default = 20, min = 1, max = 1000, integer = true,
      doc = "time steps from one state to the next",
    },
    dt = { default = 0.01, min = 0, doc = "length of a time step" },
    reynolds = { default = 1000, min = 1e-3, doc = "one over the viscosity" },
  },
  domain = { channels = 2 },
  distance = function(x, p) -- x: [N, 2, rows * n, columns * n]
      local n, count = x.shape[3] // p.rows, p.rows * p.columns
    local states = x:reshape { x.shape[1], 2, p.rows, n, p.columns, n }
      :permute { 1, 3, 5, 2, 4, 6 }:reshape { x.shape[1], count, 2, n, n }
    local h = 2 * mg.pi / n
    local inverse = inverse_laplacian(n, h, x.dtype)
    local force = (4 * (mg.arange(0, n - 1, 1, x.dtype) + 0.5) * h):sin():reshape { 1, 1, n }
    local start = states[{ {}, { 1, -2 } }]:reshape { -1, 2, n, n }
    local u, v = start[{ {}, 1 }], start[{ {}, 2 }]
    for _ = 1, p.inner_steps do
      local du = inflow(u, mean(u, 2), mean(v, 2), p, h) + laplacian(u, h) / p.reynolds + force - 0.1 * u
      local dv = inflow(v, mean(u, 3), mean(v, 3), p, h) + laplacian(v, h) / p.reynolds - 0.1 * v
      u, v = project(u + p.dt * du, v + p.dt * dv, inverse, h)
    end
    local next_state = states[{ {}, { 2, -1 } }]:reshape { -1, 2, n, n }
    local residual = (next_state - mg.stack({ u, v }, 2)):abs()
    return residual:reshape { x.shape[1], -1 }:mean(2) -- [N]
  end,
}
