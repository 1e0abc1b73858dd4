-- Magnetic resonance imaging: some columns of the image's Fourier transform, through one or more coils.
local mg = require "moonglass"

-- Numbers of the columns measured, in order: the `center` lowest frequencies, and others at random.
local function measured_columns(width, keep, center, seed)
  local is_kept, others = {}, {}
  for column = 1, width do
    local frequency = math.min(column - 1, width - column + 1)
    if frequency < center / 2 then
      is_kept[column] = true
      keep = keep - 1
    else
      others[#others + 1] = column
    end
  end
  -- A shuffle by a generator of its own (Park and Miller): the same columns for the same seed.
  local state = (seed * 2654435761 + 12345) % 2147483646 + 1
  for i = #others, 2, -1 do
    state = state * 16807 % 2147483647
    local j = state % i + 1
    others[i], others[j] = others[j], others[i]
  end
  for i = 1, math.min(keep, #others) do is_kept[others[i]] = true end
  local columns = {}
  for column = 1, width do
    if is_kept[column] then columns[#columns + 1] = column end
  end
  return columns
end

-- How well each of `count` coils around the image sees each pixel: [count, H, W].
local function coil_maps(count, height, width, dtype)
  local row = mg.linspace(-1, 1, height, dtype):reshape(height, 1)
  local column = mg.linspace(-1, 1, width, dtype)
  local maps = {}
  for k = 1, count do
    local angle = 2 * math.pi * (k - 1) / count
    local y, x = row - math.sin(angle), column - math.cos(angle)
    maps[k] = ((y * y + x * x) * -0.5):exp()
  end
  return mg.stack(maps, 1)
end

return mg.operator {
  name = "fourier_mask",
  summary = "MRI: one in `acceleration` columns of the Fourier transform, the lowest frequencies among them",
  params = {
    acceleration = { default = 4, min = 1, doc = "columns of the transform for each one measured" },
    center = { default = 4, min = 0, integer = true, doc = "lowest frequencies that are always measured" },
    coils = { default = 0, min = 0, max = 64, integer = true, doc = "number of receiver coils; 0: an even one" },
    seed = { default = 0, integer = true, doc = "which columns" },
    noise = { default = 0, min = 0, doc = "standard deviation of the noise; 0: as the recipe says" },
  },
  linear = true,
  noise = function(p)
    if p.noise > 0 then return mg.noise.gaussian { sigma = p.noise } end
  end,
  -- x: [N, C, H, W] -> [N, C, H, columns, 2], or [N, C, coils, H, columns, 2]: real and imaginary part
  forward = function(x, p)
    local height, width = x.shape[3], x.shape[4]
    local images = x
    if p.coils > 0 then images = x:unsqueeze(3) * coil_maps(p.coils, height, width, x.dtype) end
    local transform = mg.complex(images):fft2() / math.sqrt(height * width)
    local keep = math.max(1, math.floor(width / p.acceleration + 0.5))
    return transform:index_select(-2, measured_columns(width, keep, p.center, p.seed))
  end,
}
