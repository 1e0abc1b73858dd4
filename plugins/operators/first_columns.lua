-- Only the first columns of an image are measured: the early times, where columns are time.
local mg = require "moonglass"

return mg.operator {
  name = "first_columns",
  summary = "the first `count` columns",
  params = {
    count = { default = 8, min = 1, integer = true, doc = "number of columns measured" },
  },
  linear = true,
  forward = function(x, p) -- x: [N, C, H, W] -> [N, C, H, count]
    return x[{ {}, {}, {}, { 1, p.count } }]
  end,
}
