import Engine
import Foundation
import LuaBridge

/// Everything a recipe says of an experiment, checked.
public struct ExperimentSettings: Sendable {
  /// Where the images come from.
  public struct Data: Sendable {
    public var source: DatasetReference
    /// Images to train on.
    public var count: Int
    /// Images kept for evaluation and as truths of inverse problems.
    public var testCount: Int
  }

  /// How a diffusion model is trained.
  public struct Model: Sendable {
    public var settings: DiffusionSettings
    /// `nil`: as long as the mirror map and its diffusion model took together.
    public var steps: Int?
  }

  public var name: String
  public var summary: String
  public var seed: UInt64
  /// Where the run is kept; by default `runs/<name>`.
  public var output: String
  public var data: Data
  /// `nil` where the recipe has no table `counter`.
  public var counter: Counter?
  public var namm: NAMMSettings
  public var nammSteps: Int
  /// Whether the recipe leaves it to the training images what the inverse map ends with.
  public let isActivationOpen: Bool
  /// Whether the images made it another one than without them.
  var hasActivationOfImages = false
  public var mirrorModel: Model
  public var plainModel: Model
  /// `nil` where the recipe has no table `finetune`.
  public var finetuning: Finetuning?
  /// `nil` where the recipe has no table `vae`.
  public var autoencoder: Autoencoder?
  /// `nil` where the recipe has no table `validation`.
  public var validating: Validating?
  public var sampling: Sampling
  /// `nil` where the recipe names no forward operator.
  public var solving: Solving?

  /// Reads a recipe.
  ///
  /// - Throws: ``RunError/recipe(field:expected:got:)`` for what is missing, out of range or unknown.
  public init(_ recipe: Recipe) throws {
    try self.init(recipe.values, file: recipe.file)
  }

  /// - Parameters:
  ///   - values: the recipe's table.
  ///   - file: where it is written: its folder is where data are looked for, its name the default of `name`.
  ///   - log: is told of every setting there is.
  init(_ values: LuaTable, file: String, log: SettingsLog? = nil) throws {
    var reader = SettingsReader(values, path: "", log: log)
    let fileName = ((file as NSString).lastPathComponent as NSString).deletingPathExtension
    name = try reader.text(
      "name", default: fileName, shown: "the file's name", values: "letters, digits, `_`, `-`",
      "what the run is called")
    guard !name.isEmpty, name.allSatisfy({ $0.isLetter || $0.isNumber || "_-".contains($0) }) else {
      throw RunError.recipe(field: "name", expected: "a plain word", got: "'\(name)'")
    }
    summary = try reader.text(
      "summary", default: name, shown: "the name", "a line for the report")
    seed = UInt64(
      try reader.integer(
        "seed", default: 0, in: 0...Int.max,
        "of all random numbers: the same seed gives the same bytes"))
    output = try reader.text(
      "output", default: "runs/\(name)", shown: "`runs/NAME`", values: "a folder",
      "where the run is kept")
    let place = file.parentFolder
    data = try Self.data(
      reader.value(
        "data", values: "`{ \"NAME\", … }`", "where the images come from: see below"),
      folder: place, log)
    let rule = reader.value(
      "constraint",
      values: "a name, a path, `{ name, parameter = value }`, `mg.constraint{…}`, "
        + "`mg.all{…}`", "the rule that images obey; `moonglass plugin list` shows what there is")
    if rule.isNil {
      throw RunError.recipe(
        field: "constraint", expected: "a name, a file, or mg.constraint{…}", got: "nothing")
    }
    let chosen = seed
    counter = try reader.optionalTable("counter").map { try Counter($0, seed: chosen) }
    validating = try reader.optionalTable("validation").map { try Validating($0) }
    let (channels, available) = try data.source.extent(relativeTo: place)
    // What an epoch goes through: of a file perhaps fewer than asked for, and none of those kept back.
    let wanted = data
    let trained =
      min(wanted.count, available.map { $0 - wanted.testCount } ?? wanted.count)
      - (validating?.count ?? 0)
    let preset = try Self.preset(&reader, count: max(trained, 1))
    (namm, nammSteps) = try Self.namm(reader.table("namm"), channels: channels, preset)
    isActivationOpen = values["namm"].table?["activation"].isNil ?? true
    mirrorModel = try Self.model(reader.table("mdm"), channels: channels, preset)
    // The baseline is the same network, unless the recipe says otherwise.
    var baseline = try reader.table("dm")
    plainModel = try Self.baseline(&baseline, like: mirrorModel, preset)
    let mirrorMap = namm
    finetuning = try reader.optionalTable("finetune").map {
      try Finetuning($0, like: mirrorMap, preset)
    }
    autoencoder = try reader.optionalTable("vae").map { try Autoencoder($0) }
    sampling = try Sampling(reader.table("sample"))
    let hasOperator = !reader.value(
      "operator", default: "no inverse problem",
      values: "a name, a path, `{ name, parameter = value }`, `mg.operator{…}`, `mg.compose(…)`",
      "the forward operator of the inverse problem"
    ).isNil
    let problem = try Solving(reader.table("solve"))
    solving = hasOperator ? problem : nil
    try reader.finish()
  }

  private static func data(_ value: LuaValue, folder: String, _ log: SettingsLog?) throws -> Data {
    guard let table = value.table, table.array.count == 1, let name = table.array[0].string else {
      throw RunError.recipe(
        field: "data", expected: "{ \"burgers\", count = …, … } or { \"images.npy\" }",
        got: value.summary)
    }
    var reader = SettingsReader(LuaTable(fields: table.fields), path: "data", log: log)
    let count = try reader.integer(
      "count", default: 1000, in: 1...10_000_000,
      "images to train on; of a file at most as many as it holds besides those for testing")
    let testCount = try reader.integer(
      "test", default: 64, in: 2...1_000_000,
      "images kept for evaluation and as truths of inverse problems; of a file the last ones")
    let source = try DatasetReference(name, &reader, besideRecipeIn: folder)
    try reader.finish()
    return Data(source: source, count: count, testCount: testCount)
  }

  /// The preset that a recipe names, and the part of its epochs that it wants.
  private static func preset(_ reader: inout SettingsReader, count: Int) throws -> ScaledPreset? {
    let scale = try reader.number(
      "scale", default: 1, in: 1e-9...1000, "part of the epochs of `preset` that is wanted")
    let preset: Preset = try reader.choice(
      "preset", default: .burgers, shown: "none",
      "settings of the paper's table 4 as defaults of everything below")
    return reader.isMissing("preset")
      ? nil : ScaledPreset(preset: preset, scale: scale, count: count)
  }

  private static func namm(
    _ input: SettingsReader, channels: Int, _ scaled: ScaledPreset?
  ) throws -> (
    NAMMSettings, steps: Int
  ) {
    var reader = input
    let preset = scaled?.preset
    let forward = ICNN(
      channels: channels,
      filters: try reader.integer(
        "filters", default: 32, in: 1...1024, "filters of a layer of the forward map, an ICNN"),
      layers: try reader.integer(
        "layers", default: preset?.layers ?? 3, in: 1...16, "hidden layers of the forward map"),
      strongConvexity: try reader.number(
        "strong_convexity", default: 0.9, in: 0...0.999999,
        "α: the forward map is (1 - α) times the ICNN's gradient plus α times the image"),
      reduction: try reader.choice(
        "reduction", default: .authors,
        "what sums over pixels are divided by: width × channels (`authors`), or all pixels"))
    let inverse = ResNetGenerator(
      channels: channels,
      width: try reader.integer(
        "width", default: 64, in: 1...1024, "channels of the inverse map, a ResNet"),
      blocks: try reader.integer(
        "blocks", default: 6, in: 0...64, "residual blocks of the inverse map"),
      dropoutRate: try reader.number(
        "dropout", default: 0.5, in: 0...0.95, "dropout rate of the inverse map"),
      isResidual: try reader.bool(
        "residual", default: preset?.isResidual ?? true,
        "whether the inverse map adds to its input"),
      activation: try reader.choice(
        "activation", default: preset?.activation ?? .softplus, shown: "by the images",
        "what the inverse map ends with; left out, `softplus` where no training image is below 0, else `none`"
      ))
    var settings = NAMMSettings(networks: NAMMNetworks(forward: forward, inverse: inverse))
    settings.loss = NAMMLoss(
      cycleWeight: try reader.number(
        "cycle_weight", default: 1, in: 0...1e6,
        "weight of the cycle loss: there and back again is the image"),
      constraintWeight: try reader.number(
        "constraint_weight", default: preset?.constraintWeight ?? 1, in: 0...1e6,
        "λ: weight of the constraint distance of the inverse map's images"),
      regularizerWeight: try reader.number(
        "regularizer_weight", default: 1e-3, in: 0...1e6, "weight of the regulariser"),
      regularizer: try reader.choice(
        "regularizer", default: .sparseGradient,
        "the mean size of the potential's gradient (`sparse_gradient`), or of x - g(x) (`identity`)"
      ))
    settings.maximumInverseNoise = try reader.number(
      "inverse_noise", default: preset?.inverseNoise ?? 0.1, in: 0...100,
      "σ_max: standard deviation of the noise on mirror images that the inverse map must undo")
    settings.hasFixedInverseNoise = try reader.bool(
      "fixed_inverse_noise", default: false,
      "always σ_max, instead of a level drawn between 0 and it")
    settings.batchSize = try reader.integer(
      "batch", default: 16, in: 1...65536, "images in a step")
    settings.optimizer.learningRate = try reader.number(
      "learning_rate", default: preset?.learningRate ?? 2e-4, in: 0...1, "rate of Adam")
    settings.optimizer.averageDecay = try reader.number(
      "average_decay", default: 0.999, in: 0...0.999999,
      "decay of the running average of the parameters, which is what is used in the end")
    let steps = try reader.integer(
      "steps", default: scaled?.steps(\.namm, batch: settings.batchSize) ?? 1000,
      in: 1...100_000_000, "training steps")
    try reader.finish()
    return (settings, steps)
  }

  private static func network(
    _ reader: inout SettingsReader, like model: ScoreNetwork.Configuration
  ) throws
    -> ScoreNetwork.Configuration
  {
    var network = model
    network.width = try reader.integer(
      "width", default: model.width, in: 4...1024,
      "channels of the score network at full resolution, a multiple of 4")
    guard network.width % 4 == 0 else {
      throw RunError.recipe(
        field: reader.field("width"), expected: "a multiple of 4", got: "\(network.width)")
    }
    network.multipliers = try reader.integers(
      "multipliers", default: model.multipliers, in: 1...64,
      "channels of each resolution, in widths; every next one has half the rows and columns")
    guard (1...12).contains(network.multipliers.count) else {
      throw RunError.recipe(
        field: reader.field("multipliers"), expected: "1…12 levels",
        got: "\(network.multipliers.count)")
    }
    network.blocks = try reader.integer(
      "blocks", default: model.blocks, in: 1...64, "residual blocks at a resolution")
    network.attentionSizes = Set(
      try reader.integers(
        "attention", default: model.attentionSizes.sorted(), in: 1...4096,
        "numbers of rows at which there is attention"))
    network.dropoutRate = try reader.number(
      "dropout", default: model.dropoutRate, in: 0...0.95, "dropout rate of the score network")
    network.resampling = try reader.choice(
      "resampling", default: model.resampling, "how resolutions are changed")
    network.hasInputPyramid = try reader.bool(
      "input_pyramid", default: model.hasInputPyramid,
      "whether every resolution sees the image as well")
    return network
  }

  private static func model(
    _ input: SettingsReader, channels: Int, _ preset: ScaledPreset?
  ) throws -> Model {
    var reader = input
    var usual = ScoreNetwork.Configuration()
    usual.channels = channels
    var settings = DiffusionSettings(network: try network(&reader, like: usual))
    try readTraining(&reader, into: &settings)
    let steps = try reader.integer(
      "steps", default: preset?.steps(\.mdm, batch: settings.batchSize) ?? 1000,
      in: 1...100_000_000, "training steps")
    try reader.finish()
    return Model(settings: settings, steps: steps)
  }

  private static func baseline(
    _ reader: inout SettingsReader, like model: Model, _ preset: ScaledPreset?
  ) throws -> Model {
    var settings = model.settings
    settings.network = try network(&reader, like: model.settings.network)
    try readTraining(&reader, into: &settings)
    let steps = try reader.integer(
      "steps", default: preset?.steps(\.dm, batch: settings.batchSize) ?? 0, in: 0...100_000_000,
      "training steps; 0: for as many seconds as `namm`, `mdm` and `finetune` took together")
    try reader.finish()
    return Model(settings: settings, steps: steps > 0 ? steps : nil)
  }

  private static func readTraining(
    _ reader: inout SettingsReader, into settings: inout DiffusionSettings
  ) throws {
    let optimizer = settings.optimizer
    settings.batchSize = try reader.integer(
      "batch", default: settings.batchSize, in: 1...65536, "images in a step")
    settings.optimizer.learningRate = try reader.number(
      "learning_rate", default: optimizer.learningRate, in: 0...1, "rate of Adam")
    settings.optimizer.warmupSteps = try reader.integer(
      "warmup", default: optimizer.warmupSteps, in: 0...10_000_000,
      "steps in which the rate rises to `learning_rate`")
    settings.optimizer.averageDecay = try reader.number(
      "average_decay", default: optimizer.averageDecay, in: 0...0.999999,
      "decay of the running average of the parameters, which is what is used in the end")
    settings.optimizer.clipNorm = try reader.number(
      "clip", default: optimizer.clipNorm ?? 1, in: 1e-9...1e9,
      "largest norm of a gradient; longer ones are shortened")
  }
}
