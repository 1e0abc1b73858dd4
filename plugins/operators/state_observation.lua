-- A flow seen at a few times only: some of the states that an image holds, row by row in time.
local mg = require "moonglass"

return mg.operator {
  name = "state_observation",
  summary = "the `states` of a flow that are seen, of rows x columns in an image",
  params = {
    rows = { default = 2, min = 1, max = 64, integer = true, doc = "rows of states in an image" },
    columns = { default = 4, min = 1, max = 64, integer = true, doc = "columns of states in an image" },
    states = { default = { 1, -1 }, doc = "which states are seen: numbers in time, negative from the end" },
    channels = { default = {}, doc = "which channels of them: numbers from 1; none for all" },
    noise = { default = 0, min = 0, doc = "standard deviation of the noise; 0: as the recipe says" },
  },
  linear = true,
  noise = function(p)
    if p.noise > 0 then return mg.noise.gaussian { sigma = p.noise } end
  end,
  -- x: [N, C, rows * h, columns * w] -> [N, states, channels, h, w]
  forward = function(x, p)
    local n, c, height, width = x.shape[1], x.shape[2], x.shape[3], x.shape[4]
    if height % p.rows ~= 0 or width % p.columns ~= 0 then
      error(p.rows .. " x " .. p.columns .. " states do not fill images of " .. height .. " x " .. width)
    end
    local h, w = height // p.rows, width // p.columns
    local states = x:reshape(n, c, p.rows, h, p.columns, w)
      :permute(1, 3, 5, 2, 4, 6):reshape(n, p.rows * p.columns, c, h, w)
    local seen = states:index_select(2, p.states)
    if #p.channels == 0 then return seen end
    return seen:index_select(3, p.channels)
  end,
}
