-- An image shows a known number of objects, as a trained network counts them: convolutions end in a map of
-- objects per place, and its sum is the count.
--
-- The network beside this file knows the galaxies of 64x64 images; of images twice or four times as large it sees
-- the means of 2x2 or 4x4 pixels. `moonglass train counter` trains others: for one that lies elsewhere write
-- { "swift:count", weights = "runs/counter.safetensors" }.
local mg = require "moonglass"

-- The layers of a file, from the image to the map.
local function network(file, dtype)
  local weights = mg.load(file)
  for name, tensor in pairs(weights) do weights[name] = tensor:to(dtype) end
  local layers = {}
  for i = 0, 3 do
    layers[#layers + 1] = mg.nn.conv2d(weights, "conv." .. i, { padding = 1 })
    layers[#layers + 1] = mg.relu
    if i < 2 then layers[#layers + 1] = function(x) return x:avg_pool2d(2) end end
  end
  layers[#layers + 1] = mg.nn.conv2d(weights, "density")
  return mg.nn.sequential(layers)
end

local shipped = "count.safetensors"
local networks = {} -- by file and type of number

local function count(x, p) -- [N, 1, H, W] to [N]
  local key = p.weights .. " " .. x.dtype
  networks[key] = networks[key] or network(p.weights, x.dtype)
  while p.weights == shipped and x.shape[4] >= 128 do x = x:avg_pool2d(2) end
  return networks[key](x):sum { 2, 3, 4 }
end

-- Round sources in different squares of a 4x4 board, on a faint sky.
local function sources(images, p, rng)
  local squares = rng:uniform({ images, 16 }, 0, 1):argsort(2)[{ {}, { 1, p.target } }] - 1
  local function place(square) -- the middle of a square, and a little off it
    local middle = square:to("float32") * 16 + rng:uniform({ images, p.target }, 5, 11)
    return middle:reshape { images, p.target, 1, 1 }
  end
  local row, column = place(squares // 4), place(squares % 4)
  local size = { images, p.target, 1, 1 }
  local width, peak = rng:uniform(size, 1.3, 2), rng:uniform(size, 0.5, 0.8)
  local pixels = mg.arange(0.5, 63.5)
  local square = (pixels:reshape { 64, 1 } - row):square() + (pixels - column):square()
  local light = (peak * (square / (width:square() * -2)):exp()):sum(2, true)
  return light + 0.08 + rng:normal { images, 1, 64, 64 } * 0.02
end

return mg.constraint {
  name = "count",
  summary = "a network counts `target` objects",
  domain = { channels = 1 },
  params = {
    target = { default = 8, min = 1, max = 16, integer = true, doc = "the number of objects" },
    weights = { default = shipped, doc = "the network: a file beside the plugin, or in a folder below it" },
  },
  distance = function(x, p) return (count(x, p) - p.target):abs() end,
  generate = function(images, p, rng)
    local x = sources(images, p, rng)
    -- The network is right to a fraction of an object: Newton's steps take the rest off.
    for _ = 1, 8 do
      local counted = count(x, p)
      local slope = mg.grad(counted:sum(), x)
      local step = (counted - p.target) / slope:square():sum { 2, 3, 4 }
      x = x - slope * step:reshape { images, 1, 1, 1 }
    end
    return x
  end,
  metrics = function(x, p) return { count = count(x, p) } end,
}
