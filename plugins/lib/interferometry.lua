-- What a radio interferometer sees: Fourier coefficients of the sky at the baselines of its telescopes.
local mg = require "moonglass"

local M = { version = "1.0" }

-- Places of the telescopes on a ring of uneven spacing, in units of half the largest baseline.
function M.stations(count)
  local places = {}
  for k = 1, count do
    local angle = 2 * math.pi * (k + 0.35 * math.sin(2.3 * k)) / count
    local radius = 0.55 + 0.45 * math.abs(math.sin(1.7 * k))
    places[k] = { radius * math.cos(angle), radius * math.sin(angle) }
  end
  return places
end

-- Pairs (i, j) of telescopes with i < j, and the number of each pair.
function M.baselines(count)
  local pairs, number = {}, {}
  for i = 1, count do
    number[i] = {}
    for j = i + 1, count do
      pairs[#pairs + 1] = { i, j }
      number[i][j] = #pairs
    end
  end
  return pairs, number
end

-- The visibilities of images x [N, C, H, W]: [N, C, times, baselines, 2]. The Earth turns the baselines
-- by `turn` degrees between the first time and the last; the longest one resolves `resolution` pixels.
function M.visibilities(x, p)
  local n, c, height, width = x.shape[1], x.shape[2], x.shape[3], x.shape[4]
  local places, us, vs = M.stations(p.stations), {}, {}
  for time = 1, p.times do
    local angle = math.rad(p.turn) * (time - 1) / math.max(p.times - 1, 1)
    local cosine, sine = math.cos(angle), math.sin(angle)
    for _, pair in ipairs((M.baselines(p.stations))) do
      local a, b = places[pair[1]], places[pair[2]]
      local dx, dy = (a[1] - b[1]) / 2, (a[2] - b[2]) / 2
      us[#us + 1] = (cosine * dx - sine * dy) / p.resolution
      vs[#vs + 1] = (sine * dx + cosine * dy) / p.resolution
    end
  end
  -- exp(-2 pi i (u column + v row)) is a product of a factor for the column and one for the row.
  local count = #us
  local column = mg.arange(1, width, 1, x.dtype):reshape(width, 1) - (width + 1) / 2
  local row = mg.arange(1, height, 1, x.dtype):reshape(height, 1) - (height + 1) / 2
  local along = column * mg.tensor(us, x.dtype) * (2 * math.pi) -- [W, count]
  local down = row * mg.tensor(vs, x.dtype) * (2 * math.pi) -- [H, count]
  local images = x:reshape(n * c * height, width)
  local re = images:matmul(along:cos()):reshape(n * c, height, count)
  local im = images:matmul(-along:sin()):reshape(n * c, height, count)
  local cosine, sine = down:cos(), -down:sin()
  local visibilities = mg.complex(
    (re * cosine - im * sine):sum(2), (re * sine + im * cosine):sum(2))
  return visibilities:reshape(n, c, p.times, count // p.times, 2)
end

M.params = {
  stations = { default = 6, min = 2, max = 64, integer = true, doc = "number of telescopes" },
  times = { default = 8, min = 1, max = 1000, integer = true, doc = "number of snapshots" },
  turn = { default = 120, min = 0, max = 360, doc = "degrees the Earth turns meanwhile" },
  resolution = { default = 2, min = 0.5, doc = "pixels that the longest baseline resolves" },
  noise = { default = 0, min = 0, doc = "standard deviation of the noise; 0: as the recipe says" },
}

function M.noise(p)
  if p.noise > 0 then return mg.noise.gaussian { sigma = p.noise } end
end

return M
