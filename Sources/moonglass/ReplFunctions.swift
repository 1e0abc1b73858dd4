import Engine
import Foundation
import Host
import LuaBridge
import Synchronization

/// What the prompt has besides the library: files and constraints, which plugins cannot reach.
struct ReplFunctions {
  /// The constraints that were asked for, by number.
  private final class Constraints: Sendable {
    let list = Mutex<[any Constraint]>([])
  }

  let registry: PluginRegistry
  private let constraints = Constraints()

  init(registry: PluginRegistry) { self.registry = registry }

  /// Puts them into the prompt's environment.
  static let prelude = """
    load, save = mg.host_load, mg.host_save
    function constraint(name, parameters)
      local number = mg.host_constraint(name, parameters)
      return function(x) return mg.host_distance(number, x) end
    end
    """

  var functions: [LuaFunction] {
    [
      LuaFunction(
        "load", "The numbers of a file.", Param<String>("path", "a .npy or .png file"),
        returns: "a tensor", access: .function
      ) { path in
        path.lowercased().hasSuffix(".png") ? try PNG.read(path) : try NPY.read(path)
      },
      LuaFunction(
        "save", "Writes a tensor.", Param<String>("path", "a .npy file"), Param<Tensor>("x", ""),
        returns: "what was written", access: .function
      ) { path, x in
        guard path.hasSuffix(".npy") else {
          throw EngineError.file(path: path, reason: "expected a name that ends in .npy")
        }
        try NPY.write(x, to: path)
        return "\(path): \(x.shape) \(x.dtype.rawValue)"
      },
      LuaFunction(
        "constraint", "A constraint.", Param<String>("name", "a name or a path"),
        Param<LuaTable?>("parameters", "values of its parameters"), returns: "its number",
        access: .function
      ) { [registry, constraints] name, parameters in
        let constraint = try registry.constraint(
          named: name, parameters: parameters ?? LuaTable())
        return constraints.list.withLock { list in
          list.append(constraint)
          return list.count
        }
      },
      LuaFunction(
        "distance", "The distances of images.", Param<Int>("number", ""),
        Param<Tensor>("x", "[N, C, H, W], or [N, H, W] of one channel, or one image [H, W]"),
        returns: "[N]", access: .function
      ) { [constraints] number, x in
        let known = constraints.list.withLock {
          $0.indices.contains(number - 1) ? $0[number - 1] : nil
        }
        guard let constraint = known else {
          throw LuaError(.argument, "there is no constraint number \(number)")
        }
        var images = x
        while images.rank < 4, images.rank >= 2 {
          images = try images.expanded(axis: images.rank == 3 ? 1 : 0)
        }
        return try constraint.distances(images)
      },
    ]
  }
}
