-- The columns of an image are states of the viscous Burgers' equation, u_t = -u u_x + nu u_xx. Each
-- column, advanced in time, must be the next one. Rows are space, the last row being the first grid
-- point; space is periodic.
local mg = require "moonglass"

-- A step of forward Euler with central differences. roll(-1) brings the right neighbour here.
local function euler_step(u, dx, dt, p)
  local right, left = u:roll(-1, 3), u:roll(1, 3)
  local convection = u * (right - left) / (2 * dx)
  local diffusion = (right - 2 * u + left) / (dx * dx)
  return u + dt * (p.nu * diffusion - convection)
end

-- The inverse of I - dt/2 nu D2, a circulant matrix: one over its eigenvalues, transformed back.
local function diffusion_solver(n, dx, p, dtype)
  local ratio = p.dt * p.nu / (dx * dx)
  local row, matrix = {}, {}
  for place = 0, n - 1 do
    local sum = 0
    for wave = 0, n - 1 do
      local angle = 2 * mg.pi * wave / n
      sum = sum + math.cos(angle * place) / (1 + ratio * (1 - math.cos(angle)))
    end
    row[place] = sum / n
  end
  for i = 1, n do
    matrix[i] = {}
    for j = 1, n do matrix[i][j] = row[math.abs(i - j)] end
  end
  return mg.tensor(matrix, dtype)
end

-- A step of Crank and Nicolson, v = u + dt/2 (f(u) + f(v)): a fixed-point iteration in which diffusion is
-- exact. Every iteration gains a factor of 3 at least for states up to about twice the data's range.
local function crank_nicolson_step(u, solver, dx, p)
  local known = euler_step(u, dx, p.dt / 2, p)
  local v = known
  for _ = 1, math.ceil(math.log(p.tolerance) / math.log(0.3)) do
    local convection = v * (v:roll(-1, 3) - v:roll(1, 3)) / (2 * dx)
    v = mg.matmul(solver, known - p.dt / 2 * convection)
  end
  return v
end

return mg.constraint {
  name = "burgers",
  summary = "every column is the previous one, advanced by Burgers' equation",
  params = {
    inner_steps = {
      default = 5, min = 1, max = 1000, integer = true,
      doc = "time steps from one column to the next",
    },
    dt = { default = 0.025, min = 0, doc = "length of a time step" },
    nu = { default = 0.05, min = 0, doc = "viscosity" },
    domain = { default = 10, min = 0, doc = "distance from the first to the last grid point" },
    integrator = { default = "euler", choices = { "euler", "crank_nicolson" }, doc = "how time is advanced" },
    tolerance = {
      default = 1e-6, min = 1e-15, max = 0.1,
      doc = "to what the implicit step of crank_nicolson is solved",
    },
  },
  distance = function(x, p) -- x: [N, C, H, W]
    local states = x:flip(3) -- rows in the order of space
    local dx = p.domain / (x.shape[3] - 1)
    local u = states[{ {}, {}, {}, { 1, -2 } }] -- all columns that have a next one
    local solver = p.integrator == "crank_nicolson" and diffusion_solver(x.shape[3], dx, p, x.dtype)
    for _ = 1, p.inner_steps do
      if solver then
        u = crank_nicolson_step(u, solver, dx, p)
      else
        u = euler_step(u, dx, p.dt, p)
      end
    end
    local next_column = states[{ {}, {}, {}, { 2, -1 } }]
    return (next_column - u):abs():mean { 2, 3, 4 } -- [N]
  end,
}
