-- An image lies in a ball: its pixels' Euclidean distance from one value is bounded.
local mg = require "moonglass"

return mg.constraint {
  name = "l2_ball",
  summary = "the image's Euclidean norm, around `center`, is at most `radius`",
  params = {
    radius = { default = 1, min = 0, doc = "largest norm" },
    center = { default = 0, doc = "value of every pixel at the middle of the ball" },
  },
  distance = function(x, p) -- the Euclidean distance from the ball
    return ((x - p.center):norm { 2, 3, 4 } - p.radius):relu() -- [N]
  end,
  project = function(x, p) -- along the line to the middle
    local offset = x - p.center
    local norm = offset:norm({ 2, 3, 4 }, true)
    local outside = norm:gt(p.radius)
    return p.center + offset * mg.where(outside, p.radius / mg.where(outside, norm, 1), 1)
  end,
}
