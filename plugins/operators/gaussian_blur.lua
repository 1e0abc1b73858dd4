-- Out of focus: every pixel is a Gaussian mean of its neighbourhood.
local mg = require "moonglass"

return mg.operator {
  name = "gaussian_blur",
  summary = "blur by a Gaussian of `sigma` pixels",
  params = {
    sigma = { default = 1.5, min = 0.1, max = 50, doc = "standard deviation of the blur in pixels" },
    boundary = {
      default = "reflect", choices = { "reflect", "circular", "zero", "edge" },
      doc = "what lies around the image",
    },
    noise = { default = 0, min = 0, doc = "standard deviation of the noise; 0: as the recipe says" },
  },
  linear = true,
  noise = function(p)
    if p.noise > 0 then return mg.noise.gaussian { sigma = p.noise } end
  end,
  forward = function(x, p) -- x: [N, C, H, W] -> the same
    local n, c, height, width = x.shape[1], x.shape[2], x.shape[3], x.shape[4]
    -- Four standard deviations hold all but 6e-5; reflecting needs less than the image.
    local reach = math.min(math.ceil(4 * p.sigma), height - 1, width - 1)
    local weights = (mg.arange(-reach, reach, 1, x.dtype) / p.sigma):square():mul(-0.5):exp()
    weights = weights / weights:sum()
    -- One axis after the other, each channel by itself.
    local images = x:reshape(n * c, 1, height, width):pad({ { reach, reach }, { reach, reach } }, p.boundary)
    local down = images:conv2d(weights:reshape(1, 1, -1, 1))
    return down:conv2d(weights:reshape(1, 1, 1, -1)):reshape(n, c, height, width)
  end,
}
