-- Diffraction without phases: magnitudes of the Fourier transform of the image with darkness around it.
local mg = require "moonglass"

return mg.operator {
  name = "phase_retrieval",
  summary = "magnitudes of the Fourier transform, oversampled",
  params = {
    oversampling = { default = 2, min = 1, max = 8, doc = "size with the dark border over size without" },
    quantity = {
      default = "magnitude", choices = { "magnitude", "intensity" }, doc = "|F x| or its square",
    },
    noise = { default = 0, min = 0, doc = "standard deviation of the noise; 0: as the recipe says" },
  },
  noise = function(p)
    if p.noise > 0 then return mg.noise.gaussian { sigma = p.noise } end
  end,
  forward = function(x, p) -- x: [N, C, H, W] -> [N, C, H', W'], sizes times oversampling
    local function border(size)
      local extra = math.floor(size * (p.oversampling - 1) + 0.5)
      return { extra // 2, extra - extra // 2 }
    end
    local height, width = x.shape[3], x.shape[4]
    local images = x:pad { border(height), border(width) }
    local transform = mg.complex(images):fft2() / math.sqrt(images.shape[3] * images.shape[4])
    if p.quantity == "magnitude" then return transform:complex_abs() end
    return transform:square():sum(5)
  end,
}
