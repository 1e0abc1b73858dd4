-- An image is made of long waves only: no Fourier coefficient beyond a cutoff. Waves are counted around the
-- image, which is taken to be periodic.
local mg = require "moonglass"

-- How many waves around an axis of n pixels a coefficient stands for: 0, 1, 2, …, 2, 1.
local function waves(n, dtype)
  local k = mg.arange(0, n - 1, 1, dtype)
  return mg.minimum(k, n - k)
end

-- Whether a coefficient is beyond the cutoff, [H, W, 1].
local function is_short(x, p)
  local height, width = x.shape[3], x.shape[4]
  local rows = waves(height, x.dtype):reshape { height, 1, 1 }
  local columns = waves(width, x.dtype):reshape { 1, width, 1 }
  return (rows * rows + columns * columns):gt(p.cutoff * p.cutoff + 1e-6)
end

return mg.constraint {
  name = "band_limited",
  summary = "the image has no waves shorter than a cutoff",
  params = {
    cutoff = { default = 8, min = 0, doc = "largest number of waves across the image" },
  },
  distance = function(x, p) -- the root mean square of what the short waves add to the image
    local height, width = x.shape[3], x.shape[4]
    local short = mg.where(is_short(x, p), mg.fft(mg.complex(x), 2), 0) -- [N, C, H, W, 2]
    -- Parseval: the mean square of an image is that of its coefficients, over the number of pixels.
    return short:norm { 2, 3, 4, 5 } / (height * width * x.shape[2] ^ 0.5) -- [N]
  end,
  project = function(x, p) -- without the short waves
    local long = mg.where(is_short(x, p), 0, mg.fft(mg.complex(x), 2))
    return mg.ifft(long, 2)[{ {}, {}, {}, {}, 1 }]
  end,
}
