-- The camera moved along a line while the shutter was open.
local mg = require "moonglass"

-- A square kernel with a line through its middle: points on the line are shared out among the four
-- pixels around them.
local function line_kernel(length, angle)
  local reach = math.ceil(length / 2)
  local size = 2 * reach + 1
  local rows = {}
  for i = 1, size do
    rows[i] = {}
    for j = 1, size do rows[i][j] = 0 end
  end
  local points = math.max(1, math.ceil(8 * length))
  local dx, dy = math.cos(math.rad(angle)), -math.sin(math.rad(angle))
  for k = 1, points do
    local t = (k - 0.5) / points * length - length / 2
    local column, row = reach + 1 + t * dx, reach + 1 + t * dy
    local left, top = math.floor(column), math.floor(row)
    local right_share, bottom_share = column - left, row - top
    for _, part in ipairs {
      { top, left, (1 - bottom_share) * (1 - right_share) }, { top, left + 1, (1 - bottom_share) * right_share },
      { top + 1, left, bottom_share * (1 - right_share) }, { top + 1, left + 1, bottom_share * right_share },
    } do
      local i, j, share = part[1], part[2], part[3]
      if share > 0 then rows[i][j] = rows[i][j] + share / points end
    end
  end
  return rows
end

return mg.operator {
  name = "motion_blur",
  summary = "blur along a line of `length` pixels",
  params = {
    length = { default = 7, min = 1, max = 200, doc = "length of the motion in pixels" },
    angle = { default = 30, doc = "direction in degrees, anticlockwise from the right" },
    boundary = {
      default = "reflect", choices = { "reflect", "circular", "zero", "edge" },
      doc = "what lies around the image; it must be larger than half the length",
    },
  },
  linear = true,
  forward = function(x, p) -- x: [N, C, H, W] -> the same
    return x:correlate(mg.tensor(line_kernel(p.length, p.angle), x.dtype), p.boundary)
  end,
}
