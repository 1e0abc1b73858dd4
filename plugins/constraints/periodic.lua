-- An image is one unit cell, repeated rows x columns times.
local mg = require "moonglass"

return mg.constraint {
  name = "periodic",
  summary = "the image is a unit cell, tiled",
  params = {
    rows = { default = 2, min = 1, max = 64, integer = true, doc = "how often the cell is repeated downwards" },
    columns = { default = 2, min = 1, max = 64, integer = true, doc = "and to the right" },
  },
  distance = function(x, p) -- x: [N, C, rows * h, columns * w]
    local h, w = x.shape[3] // p.rows, x.shape[4] // p.columns
    local cells = x:reshape { x.shape[1], x.shape[2], p.rows, h, p.columns, w }
    local total = 0
    for i = 1, p.rows do
      for j = 1, p.columns do
        -- All cells against this one.
        local cell = cells[{ {}, {}, { i, i }, {}, { j, j } }]
        total = total + (cells - cell):abs():mean { 2, 3, 4, 5, 6 }
      end
    end
    return total -- [N]
  end,
  project = function(x, p) -- the mean of all cells, everywhere
    local h, w = x.shape[3] // p.rows, x.shape[4] // p.columns
    local cells = x:reshape { x.shape[1], x.shape[2], p.rows, h, p.columns, w }
    local mean = cells:mean({ 3, 5 }, true)
    return (mean + mg.zeros(cells.shape, x.dtype)):reshape(x.shape)
  end,
}
