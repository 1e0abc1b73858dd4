-- An image does not change under a group of reflections and rotations: it equals its average over the group.
local mg = require "moonglass"

local function mirror_rows(x) return x:flip(3) end -- top to bottom
local function mirror_columns(x) return x:flip(4) end -- left to right
local function half_turn(x) return x:flip { 3, 4 } end
local function quarter_turn(x) return x:permute { 1, 2, 4, 3 }:flip(3) end
local function transpose(x) return x:permute { 1, 2, 4, 3 } end

-- Averaging over one generator after the other averages over the whole group.
local groups = {
  up_down = { mirror_rows },
  left_right = { mirror_columns },
  rotate_180 = { half_turn },
  rotate_90 = { half_turn, quarter_turn },
  rectangle = { mirror_rows, mirror_columns },
  square = { mirror_rows, mirror_columns, transpose },
}

local function average(x, p)
  for _, move in ipairs(groups[p.group]) do x = (x + move(x)) / 2 end
  return x
end

return mg.constraint {
  name = "symmetric",
  summary = "the image is unchanged by reflections or rotations",
  params = {
    group = {
      default = "left_right",
      choices = { "up_down", "left_right", "rotate_180", "rotate_90", "rectangle", "square" },
      doc = "what leaves the image as it is; rotate_90 and square need square images",
    },
  },
  distance = function(x, p) -- the mean difference from the average over the group
    return (x - average(x, p)):abs():mean { 2, 3, 4 } -- [N]
  end,
  project = average,
}
