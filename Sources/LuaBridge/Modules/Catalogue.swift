/// Everything Lua scripts can call, module by module.
///
/// A new module is one file and one line here.
public enum Catalogue {
  /// A group of functions, as the reference page shows it.
  public struct Module: Sendable {
    public let name: String
    public let functions: [LuaFunction]
  }

  /// All modules in reading order.
  public static let modules: [Module] = [
    Module(name: "Definitions", functions: DefinitionModule.functions),
    Module(name: "Noise", functions: NoiseModule.functions),
    Module(name: "Making tensors", functions: CreationModule.functions),
    Module(name: "Element by element", functions: ElementwiseModule.functions),
    Module(name: "Comparing", functions: ComparisonModule.functions),
    Module(name: "Summing up", functions: ReductionModule.functions),
    Module(name: "Shape and position", functions: MovementModule.functions),
    Module(name: "By number and in order", functions: IndexingModule.functions),
    Module(name: "Linear algebra", functions: LinearAlgebraModule.functions),
    Module(name: "Fourier", functions: FourierModule.functions),
    Module(name: "Images", functions: ImageModule.functions),
    Module(name: "Fields on grids", functions: FieldModule.functions),
    Module(name: "Layers of networks", functions: NetworkModule.functions),
    Module(name: "Trained networks", functions: LayerModule.functions),
    Module(name: "Differentiation and iteration", functions: DifferentiationModule.functions),
  ]

  /// All functions.
  public static let functions = modules.flatMap { $0.functions }

  /// The function of that name.
  public static func function(named name: String) -> LuaFunction? {
    functions.first { $0.name == name }
  }

  /// What every Lua state registers, in the order of its numbers.
  static let bindings =
    functions.map(BoundFunction.init) + Metamethods.bindings
    + [Modules.loader, Globals.unknown, Globals.tableText]
}
