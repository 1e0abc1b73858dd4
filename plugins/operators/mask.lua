-- Inpainting: some pixels are measured, the others read 0.
local mg = require "moonglass"

-- True for the `size` numbers in the middle of 1 … count.
local function middle(count, size)
  local number, before = mg.arange(1, count), (count - size) // 2
  return number:gt(before):logical_and(number:le(before + size))
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
    if p.kind == "box" then
      return mg.where(middle(height, p.size):unsqueeze(2):logical_and(middle(width, p.size)), 0, x)
    end
    return x * mg.rand({ height, width }, p.seed):ge(p.missing)
  end,
}
