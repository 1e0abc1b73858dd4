-- The columns of an image are states of the viscous Burgers' equation, u_t = -u u_x + nu u_xx. Each
-- column, advanced in time, must be the next one. Rows are space, the last row being the first grid
-- point; space is periodic.
local mg = require "moonglass"

-- One step of forward Euler with central differences. roll(-1) brings the right neighbour here.
local function euler_step(u, dx, p)
  local right, left = u:roll(-1, 3), u:roll(1, 3)
  local convection = u * (right - left) / (2 * dx)
  local diffusion = (right - 2 * u + left) / (dx * dx)
  return u + p.dt * (p.nu * diffusion - convection)
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
    integrator = { default = "euler", choices = { "euler" }, doc = "how time is advanced" },
  },
  distance = function(x, p) -- x: [N, C, H, W]
    local states = x:flip(3) -- rows in the order of space
    local dx = p.domain / (x.shape[3] - 1)
    local u = states[{ {}, {}, {}, { 1, -2 } }] -- all columns that have a next one
    for _ = 1, p.inner_steps do
      u = euler_step(u, dx, p)
    end
    local next_column = states[{ {}, {}, {}, { 2, -1 } }]
    return (next_column - u):abs():mean { 2, 3, 4 } -- [N]
  end,
}
