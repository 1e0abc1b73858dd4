/// What one call into Lua may use.
public struct LuaLimits: Sendable {
  /// Wall-clock seconds; `nil` for no limit.
  public var seconds: Double?
  /// Bytes Lua itself may hold, and as many again the values of the tensors it keeps; `nil` for no
  /// limit. A tensor that is not computed yet has no value.
  public var memory: Int?
  /// Tensors one call may make: bounds the graph a runaway loop builds.
  public var tensors: Int
  /// Bytes a Lua file may have.
  public var fileSize: Int
  /// Bytes a file of weights may have that a plugin loads.
  public var dataSize = 256 << 20

  /// The limits for plugins: 10 seconds, 512 MB, 200 000 tensors, files of 1 MB.
  public init(
    seconds: Double? = 10, memory: Int? = 512 << 20, tensors: Int = 200_000, fileSize: Int = 1 << 20
  ) {
    self.seconds = seconds
    self.memory = memory
    self.tensors = tensors
    self.fileSize = fileSize
  }
}
