import Engine
import Foundation

/// Images that a finished stage left in its folder: read back, they must be what the stage wrote.
enum SavedImages {
  /// - Parameters:
  ///   - count: how many there must be; `nil` for any number but none.
  ///   - images: some `[N, C, H, W]` whose sizes they share; `nil` for any sizes.
  /// - Throws: ``EngineError/file(path:reason:)`` where the file holds anything but Float32 `[count, C, H, W]`.
  static func read(_ path: String, count: Int? = nil, like images: Tensor? = nil)
    throws(EngineError) -> Tensor
  {
    try read(path, count: count, sizes: images.map { Array($0.shape.dimensions.dropFirst()) })
  }

  /// The same of measurements, which have sizes of their own.
  ///
  /// - Parameter sizes: all but the first; `nil` for those of any images.
  static func read(_ path: String, count: Int?, sizes: [Int]?) throws(EngineError) -> Tensor {
    let tensor = try NPY.read(path)
    let found = tensor.shape.dimensions
    let fits = sizes.map { Array(found.dropFirst()) == $0 } ?? (found.count == 4)
    guard tensor.dtype == .float32, tensor.count > 0, let first = found.first, fits,
      count == nil || first == count
    else {
      let wanted = [count.map { "\($0)" } ?? "N"] + (sizes?.map { "\($0)" } ?? ["C", "H", "W"])
      throw .file(
        path: path,
        reason:
          "expected float32 [\(wanted.joined(separator: ", "))], got \(tensor.dtype.rawValue) "
          + "\(tensor.shape): it is not what this run wrote; \(StageFile.remedy(path))")
    }
    return tensor
  }
}

/// What to do about a file of a stage that is not as the stage left it.
enum StageFile {
  static func remedy(_ path: String) -> String {
    "delete the folder \(URL(fileURLWithPath: path).deletingLastPathComponent().path) and run again"
  }

  /// An error for `file`, whose numbers cannot be this program's.
  static func misfit(_ path: String, _ what: String) -> EngineError {
    .file(
      path: path,
      reason: "\(URL(fileURLWithPath: path).lastPathComponent) does not fit: \(what); "
        + remedy(path))
  }

  /// More seconds than any run takes.
  static let seconds = 0.0...1e10
  /// Steps are numbered in 32 bits.
  static let steps = 0...Int(UInt32.max)
}

extension [LossRecord] {
  /// Whether this can be a loss curve, each point of `parts` parts; `nil` for any, the same for all.
  func isCurve(parts: Int? = nil) -> Bool {
    let parts = parts ?? first?.parts.count ?? 0
    return allSatisfy { record in
      StageFile.steps.contains(record.step) && record.parts.count == parts
        && ([record.loss] + record.parts).allSatisfy { abs($0) <= 1e300 }
    }
  }
}

extension Experiment.TrainingRecord {
  /// The record, if its numbers can be those of a training.
  func checked(in stage: Stage) throws(EngineError) -> Self {
    guard StageFile.seconds.contains(seconds), StageFile.steps.contains(steps), history.isCurve(),
      (validation ?? []).isCurve()
    else { throw StageFile.misfit(stage.path("result.json"), "steps, seconds or losses") }
    return self
  }

  static func checked(seconds: Double, in stage: Stage) throws(EngineError) -> Double {
    guard StageFile.seconds.contains(seconds) else {
      throw StageFile.misfit(stage.path("result.json"), "seconds")
    }
    return seconds
  }
}
