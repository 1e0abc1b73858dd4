import Engine

/// Discrete Fourier transforms; a complex number is a last axis of 2.
enum FourierModule {
  static let functions: [LuaFunction] = []
}
