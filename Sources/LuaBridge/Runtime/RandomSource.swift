/// The `rng` that `generate` and the like are given.
///
/// It is Lua on top of `mg.rand` and `mg.randn`: every draw takes a seed of its own, made from the first
/// one and the number of draws before it, so that the same seed gives the same numbers.
enum RandomSource {
  static let source = """
    local rand, randn = mg.rand, mg.randn
    return function(seed)
      local count = 0
      -- Steele, Lea and Flood's mixing function: neighbouring seeds give unrelated streams.
      local function next_seed()
        count = count + 1
        local z = seed * 0x2545F4914F6CDD1D + count * 0x9E3779B97F4A7C15
        z = (z ~ (z >> 30)) * 0xBF58476D1CE4E5B9
        z = (z ~ (z >> 27)) * 0x94D049BB133111EB
        return z ~ (z >> 31)
      end
      local rng = {}
      function rng:uniform(sizes, low, high)
        low, high = low or 0, high or 1
        return rand(sizes, next_seed()) * (high - low) + low
      end
      function rng:normal(sizes) return randn(sizes, next_seed()) end
      function rng:number(low, high)
        low, high = low or 0, high or 1
        return rand({1}, next_seed()):item() * (high - low) + low
      end
      function rng:integer(low, high)
        return math.min(high, low + math.floor(rand({1}, next_seed()):item() * (high - low + 1)))
      end
      return rng
    end
    """
}

extension LuaRuntime {
  /// A source of random numbers for scripts of this state.
  ///
  /// - Returns: a table with `rng:normal(sizes)`, `rng:uniform(sizes, low, high)` (tensors),
  ///   `rng:number(low, high)` and `rng:integer(low, high)` (Lua numbers, both ends included).
  public func randomSource(seed: UInt64) throws(LuaError) -> LuaValue {
    let maker = try run(RandomSource.source, name: "mg")
    guard case .function(let make)? = maker.first else {
      throw LuaError(.runtime, "the source of random numbers cannot be made")
    }
    return try make.call([.integer(Int(bitPattern: UInt(seed)))]).first ?? .nil
  }
}
