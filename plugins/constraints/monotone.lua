-- Pixels never fall along an axis (or never rise).
local mg = require "moonglass"

return mg.constraint {
  name = "monotone",
  summary = "values never fall from left to right, or from top to bottom",
  params = {
    along = { default = "rows", choices = { "rows", "columns" }, doc = "rows: to the right; columns: downwards" },
    order = { default = "rising", choices = { "rising", "falling" }, doc = "the direction that is allowed" },
  },
  distance = function(x, p) -- the mean fall from one pixel to the next
    local step = x:diff(p.along == "rows" and 4 or 3)
    if p.order == "rising" then step = -step end
    return step:relu():mean { 2, 3, 4 } -- [N]
  end,
  -- Isotonic regression by its minimax formula: pixel i becomes the largest, over where a stretch up to it
  -- may begin, of the smallest mean, over where it may end (Robertson, Wright and Dykstra 1988, section 1.4).
  project = function(x, p)
    local lines = p.along == "rows" and x or x:transpose()
    if p.order == "falling" then lines = lines:flip(4) end
    local n = lines.shape[4]
    local pixels, result = {}, {}
    for i = 1, n do pixels[i] = lines[{ {}, {}, {}, i }] end
    -- smallest[j]: the smallest mean of pixels j…k, over the k from the current i on.
    local sums, smallest = {}, {}
    for j = 1, n do
      sums[j] = { [j] = pixels[j] }
      for k = j + 1, n do sums[j][k] = sums[j][k - 1] + pixels[k] end
    end
    for i = n, 1, -1 do
      local largest
      for j = 1, i do
        local mean = sums[j][i] / (i - j + 1)
        smallest[j] = smallest[j] and mg.minimum(smallest[j], mean) or mean
        largest = largest and mg.maximum(largest, smallest[j]) or smallest[j]
      end
      result[i] = largest
    end
    lines = mg.stack(result, 4)
    if p.order == "falling" then lines = lines:flip(4) end
    return p.along == "rows" and lines or lines:transpose()
  end,
}
