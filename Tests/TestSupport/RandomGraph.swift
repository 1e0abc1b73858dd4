import Engine

/// A random expression: the same seed always gives the same one, and a graph of fewer nodes is the
/// beginning of a graph of more.
///
/// Values stay near 1, so that a result may be compared relative to 1. Masks come from leaves alone:
/// rounding must not decide a branch.
public struct RandomGraph {
  /// What a graph is drawn from.
  public struct Recipe: Sendable {
    public var dtype = DType.float64
    /// Leaves out functions with kinks, whose gradients rounding could change.
    public var isSmooth = false
    /// Largest axis and largest number of elements of a leaf.
    public var largestAxis = 5
    public var largestCount = 120
    /// Whether leaves are inputs of a ``Program`` instead of constants.
    public var usesPlaceholders = false

    public init(dtype: DType = .float64, isSmooth: Bool = false) {
      self.dtype = dtype
      self.isSmooth = isSmooth
    }
  }

  let recipe: Recipe
  var random: SplitMix64
  private var valueRandom: SplitMix64
  /// Tensors without operands: constants or placeholders.
  public private(set) var leaves: [Tensor] = []
  /// One value for each leaf.
  public private(set) var values: [Tensor] = []
  /// Everything that was built, oldest first.
  public private(set) var nodes: [Tensor] = []
  /// What each node was made by, for a failing test to print.
  public private(set) var history: [String] = []

  /// - Parameters:
  ///   - seed: chooses the expression.
  ///   - nodeCount: how many operations it has; one of them may build several nodes.
  ///   - valueSeed: chooses the leaves' values.
  public init(seed: UInt64, nodeCount: Int, recipe: Recipe, valueSeed: UInt64 = 1) throws {
    self.recipe = recipe
    random = SplitMix64(seed: seed)
    valueRandom = SplitMix64(seed: seed &* 31 &+ valueSeed)
    nodes.append(leaf(shape()))
    history.append("leaf \(nodes[0].shape)")
    for _ in 0..<nodeCount {
      let (name, tensor) = try step()
      nodes.append(tensor)
      history.append("\(name) \(tensor.shape)")
    }
  }

  /// Some of the nodes, the last among them.
  public var outputs: [Tensor] {
    var random = SplitMix64(seed: UInt64(nodes.count))
    let others = (0..<2).map { _ in nodes[random.int(in: 0...(nodes.count - 1))] }
    return [nodes[nodes.count - 1]] + others
  }

  /// A scalar all outputs contribute to.
  public func loss() throws -> Tensor {
    var total = Tensor.scalar(0, dtype: recipe.dtype)
    for output in outputs where output.count > 0 { total = try total + output.square().mean() }
    return total
  }

  // MARK: Drawing

  mutating func leaf(_ shape: Shape, in range: ClosedRange<Double> = -1...1) -> Tensor {
    let value = valueRandom.tensor(shape, in: range, dtype: recipe.dtype)
    let leaf =
      recipe.usesPlaceholders
      ? Tensor.placeholder("leaf \(leaves.count)", shape: shape, dtype: recipe.dtype) : value
    leaves.append(leaf)
    values.append(value)
    return leaf
  }

  mutating func size() -> Int {
    if random.oneIn(40) { return 0 }
    return random.oneIn(5) ? 1 : random.int(in: 1...recipe.largestAxis)
  }

  mutating func shape(rank: Int? = nil) -> Shape {
    let rank = rank ?? random.int(in: 0...5)
    var sizes: [Int] = []
    for _ in 0..<rank {
      let room = recipe.largestCount / max(sizes.reduce(1, *), 1)
      sizes.append(min(size(), max(room, 1)))
    }
    return Shape(sizes)
  }

  /// A recent node, more often than an old one.
  mutating func operand() -> Tensor {
    let window = random.oneIn(3) ? nodes.count : min(nodes.count, 4)
    return nodes[nodes.count - random.int(in: 1...window)]
  }

  /// A mask of the given shape that no rounding can change.
  mutating func mask(_ shape: Shape) throws -> Tensor {
    try leaf(broadcastable(to: shape)).isGreater(than: random.double(in: -0.5...0.5))
  }

  /// A shape that broadcasts to the given one.
  mutating func broadcastable(to shape: Shape) -> Shape {
    var sizes = shape.dimensions.map { random.oneIn(3) ? 1 : $0 }
    if random.oneIn(3) { sizes.removeFirst(random.int(in: 0...sizes.count)) }
    return Shape(sizes)
  }

  /// One of the axes.
  mutating func axis(of x: Tensor) -> Int { random.int(in: 0...(x.rank - 1)) }

  private mutating func step() throws -> (String, Tensor) {
    while true {
      let x = operand()
      let kind = RandomOperation.all[random.int(in: 0...(RandomOperation.all.count - 1))]
      if recipe.isSmooth, !kind.isSmooth { continue }
      if let y = try kind.build(&self, x), y.count <= 40 * recipe.largestCount {
        return (kind.name, y)
      }
    }
  }
}
