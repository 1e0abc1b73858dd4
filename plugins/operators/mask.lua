-- Inpainting: some pixels are measured, the others read 0.
local mg = require "moonglass"

-- True for the pixels of a size x size part in the middle of the image.
local function box(height, width, size)
  local top, left = (height - size) // 2, (width - size) // 2
  local rows, columns = mg.arange(1, height):reshape(height, 1), mg.arange(1, width)
  local inside_rows = mg.logical_and(rows:gt(top), rows:le(top + size))
  local inside_columns = mg.logical_and(columns:gt(left), columns:le(left + size))
  return mg.logical_and(inside_rows, inside_columns)
end

return mg.operator {
  name = "mask",
  summary = "inpainting: pixels at random, or all around a box, are measured",
  params = {
    kind = { default = "random", choices = { "random", "box" }, doc = "which pixels are missing" },
    missing = { default = 0.5, min = 0, max = 1, doc = "share of missing pixels (random)" },
    size = { default = 8, min = 1, integer = true, doc = "side of the missing box in pixels (box)" },
    seed = { default = 0, integer = true, doc = "which pixels are missing (random)" },
    noise = { default = 0, min = 0, doc = "standard deviation of the noise; 0: as the recipe says" },
  },
  linear = true,
  noise = function(p)
    if p.noise > 0 then return mg.noise.gaussian { sigma = p.noise } end
  end,
  forward = function(x, p) -- x: [N, C, H, W] -> the same
    local height, width = x.shape[3], x.shape[4]
    if p.kind == "box" then return mg.where(box(height, width, p.size), 0, x) end
    return x * mg.rand({ height, width }, p.seed):ge(p.missing)
  end,
}
