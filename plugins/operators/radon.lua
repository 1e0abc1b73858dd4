-- Computed tomography with parallel beams: line integrals of the image at angles all around.
--
-- Every pixel is shared out among the two detector bins nearest to its shadow, which is a matrix
-- [pixels, angles x bins]; its transpose, the back projection, is the exact adjoint.
local mg = require "moonglass"

return mg.operator {
  name = "radon",
  summary = "parallel-beam tomography: line integrals at `angles` angles",
  params = {
    angles = { default = 24, min = 1, max = 2000, integer = true, doc = "number of angles over 180 degrees" },
    detectors = { default = 0, min = 0, integer = true, doc = "number of detector bins; 0: enough for the diagonal" },
    noise = { default = 0, min = 0, doc = "standard deviation of the noise; 0: as the recipe says" },
  },
  linear = true,
  noise = function(p)
    if p.noise > 0 then return mg.noise.gaussian { sigma = p.noise } end
  end,
  forward = function(x, p) -- x: [N, C, H, W] -> [N, C, angles, detectors]
    local n, c, height, width = x.shape[1], x.shape[2], x.shape[3], x.shape[4]
    local bins = p.detectors
    if bins == 0 then bins = math.ceil(math.sqrt(height * height + width * width)) end
    -- Places of pixels and bins, in pixels from the middle.
    local column = mg.arange(1, width, 1, x.dtype) - (width + 1) / 2
    local row = mg.arange(1, height, 1, x.dtype) - (height + 1) / 2
    local bin = mg.arange(1, bins, 1, x.dtype) - (bins + 1) / 2
    local angle = (mg.arange(1, p.angles, 1, x.dtype) - 1) * (mg.pi / p.angles)
    -- Where the shadow of each pixel falls at each angle: [H, W, angles].
    local shadow = column:reshape(1, width, 1) * angle:cos() + row:reshape(height, 1, 1) * angle:sin()
    local share = (1 - (shadow:unsqueeze(4) - bin):abs()):relu()
    local weights = share:reshape(height * width, p.angles * bins)
    return x:reshape(n * c, height * width):matmul(weights):reshape(n, c, p.angles, bins)
  end,
}
