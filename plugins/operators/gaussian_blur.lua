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
    -- Four standard deviations hold all but 6e-5; reflecting needs less than the image.
    local reach = math.min(math.ceil(4 * p.sigma), x.shape[3] - 1, x.shape[4] - 1)
    local weights = (mg.arange(-reach, reach, 1, x.dtype) / p.sigma):square():mul(-0.5):exp()
    weights = weights / weights:sum()
    -- Down the columns, then along the rows.
    return x:correlate(weights:reshape(-1, 1), p.boundary):correlate(weights:reshape(1, -1), p.boundary)
  end,
}
