import Engine
import Foundation

/// How long to train.
public enum TrainingBudget: Sendable, Hashable {
  case steps(Int)
  /// Seconds of training, not counting what happened between interrupted runs.
  case seconds(Double)
}

/// What a loop trains: a state, and how to take a step of it.
public struct TrainingTask {
  public let name: String
  public var state: TrainingState
  /// Names of the loss's parts, in the order of the reports.
  public let partNames: [String]
  public let budget: TrainingBudget
  /// Takes the step that the state's count says.
  public let takeStep: (inout TrainingState) throws -> TrainingStep.Report
  /// A look at images that are kept back, if there are any.
  public var validation: Validation?
}

/// One point of a loss curve.
public struct LossRecord: Sendable, Codable, Equatable {
  public let step: Int
  /// Mean over the steps since the point before.
  public let loss: Double
  public let parts: [Double]
}

/// What training came to.
public struct TrainingResult {
  public let state: TrainingState
  /// Seconds spent in steps.
  public let seconds: Double
  public let history: [LossRecord]
  /// Losses on images that were kept back.
  public var validation: [LossRecord] = []
}

/// Takes steps until the budget is spent, saving often enough that a crash costs little.
public struct TrainingLoop {
  /// Where checkpoints go; made if needed.
  public let directory: URL
  public let progress: any ProgressReporter
  /// Seconds of training between checkpoints.
  public var checkpointInterval = 20.0
  /// Steps whose mean makes one point of the loss curve.
  public var recordInterval = 10
  /// Told every point of the loss curve: for a log.
  public var onRecord: (LossRecord) -> Void = { _ in }

  public init(directory: URL, progress: any ProgressReporter) {
    self.directory = directory
    self.progress = progress
  }

  /// How many steps in a row may give a loss that is not finite.
  private static let patience = 5

  /// What a checkpoint holds besides tensors.
  private struct Saved: Codable {
    var seconds: Double
    var history: [LossRecord]
    var pending: Accumulator
    /// Missing in checkpoints from before there was validation.
    var validation: [LossRecord]?
  }

  /// Sums for the next point of the loss curve.
  private struct Accumulator: Codable {
    var count = 0
    var loss = 0.0
    var parts: [Double] = []

    mutating func add(_ report: TrainingStep.Report) {
      count += 1
      loss += report.loss
      if parts.isEmpty { parts = report.parts.map { _ in 0 } }
      for index in parts.indices { parts[index] += report.parts[index] }
    }

    func record(step: Int) -> LossRecord {
      LossRecord(step: step, loss: loss / Double(count), parts: parts.map { $0 / Double(count) })
    }
  }

  /// Trains from the newest checkpoint, or from the start.
  ///
  /// - Throws: ``RunError/interrupted(_:)`` after saving, when a stop was asked for;
  ///   ``RunError/diverged(stage:step:part:)`` when losses stay non-finite.
  public func run(_ task: TrainingTask) throws -> TrainingResult {
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    var state = task.state
    var saved = Saved(seconds: 0, history: [], pending: Accumulator())
    if let loaded = try Checkpoint.loadLatest(Saved.self, in: directory) {
      loaded.warnings.forEach(progress.warn)
      try check(loaded, parts: task.partNames.count)
      try state.restore(loaded.groups, step: loaded.step, from: directory.path)
      saved = loaded.state
      progress.note("\(task.name): resumed after step \(loaded.step)")
    }
    var lastSave = saved.seconds
    var failures = 0
    var isSaved = true
    func isDone() -> Bool {
      isSpent(task.budget, state.step, saved.seconds)
        || task.validation?.isExhausted(saved.validation ?? []) == true
    }
    while !isDone() {
      let start = DispatchTime.now().uptimeNanoseconds
      let report = try task.takeStep(&state)
      saved.seconds += Double(DispatchTime.now().uptimeNanoseconds - start) * 1e-9
      guard report.isFinite else {
        failures += 1
        progress.warn(
          "\(task.name): loss \(report.loss), gradient norm \(report.gradientNorm) at step "
            + "\(state.step + 1); the step was not taken")
        if failures >= TrainingLoop.patience {
          if state.step > 0 { try save(state, saved) }
          let part = zip(task.partNames, report.parts).first { !$1.isFinite }
          throw RunError.diverged(stage: task.name, step: state.step + 1, part: part?.0)
        }
        // The same step would fail the same way: its random numbers and images are passed over.
        state.step += 1
        continue
      }
      failures = 0
      isSaved = false
      saved.pending.add(report)
      if saved.pending.count == recordInterval {
        let record = saved.pending.record(step: state.step)
        saved.history.append(record)
        saved.pending = Accumulator()
        onRecord(record)
      }
      if let validation = task.validation, state.step % validation.interval == 0 {
        let loss = try validation.loss(state.average)
        if loss.isFinite {
          let record = LossRecord(step: state.step, loss: loss, parts: [])
          saved.validation = (saved.validation ?? []) + [record]
        } else {
          // JSON has no NaN: a checkpoint with it could not be written.
          progress.warn(
            "\(task.name): the loss on images kept back is \(loss) at step \(state.step); not recorded"
          )
        }
        if validation.isExhausted(saved.validation ?? []) {
          progress.note(
            "\(task.name): ends after step \(state.step), the loss on images kept back no longer falls"
          )
        }
      }
      progress.step(
        ProgressUpdate(
          stage: task.name, step: state.step, total: total(task.budget, state.step, saved.seconds),
          secondsPerStep: saved.seconds / Double(state.step),
          values: [("loss", report.loss)] + zip(task.partNames, report.parts).map { ($0, $1) }))
      if Interrupt.isRequested || saved.seconds - lastSave >= checkpointInterval {
        try save(state, saved)
        (lastSave, isSaved) = (saved.seconds, true)
        if Interrupt.isRequested {
          throw RunError.interrupted("\(task.name) at step \(state.step)")
        }
      }
    }
    if !isSaved { try save(state, saved) }
    progress.finish(task.name)
    return TrainingResult(
      state: state, seconds: saved.seconds, history: saved.history,
      validation: saved.validation ?? [])
  }

  /// Numbers from a file are not all numbers that training writes.
  private func check(_ loaded: Checkpoint.Loaded<Saved>, parts: Int) throws(EngineError) {
    let (saved, pending) = (loaded.state, loaded.state.pending)
    let sums = [pending.loss] + pending.parts
    guard StageFile.seconds.contains(saved.seconds), StageFile.steps.contains(loaded.step),
      (0..<recordInterval).contains(pending.count), sums.allSatisfy({ abs($0) <= 1e300 }),
      pending.parts.count == parts || pending.parts.isEmpty,
      saved.history.isCurve(parts: parts), (saved.validation ?? []).isCurve(parts: 0)
    else {
      throw StageFile.misfit(
        directory.appendingPathComponent("state.json").path,
        "the checkpoint of step \(loaded.step) holds numbers that training does not write")
    }
  }

  private func save(_ state: TrainingState, _ saved: Saved) throws {
    try Checkpoint.save(step: state.step, groups: state.groups, state: saved, in: directory)
  }

  private func isSpent(_ budget: TrainingBudget, _ steps: Int, _ seconds: Double) -> Bool {
    switch budget {
    case .steps(let limit): steps >= limit
    case .seconds(let limit): seconds >= limit
    }
  }

  /// The number of steps there will be, guessed from the rate where the budget is time.
  private func total(_ budget: TrainingBudget, _ steps: Int, _ seconds: Double) -> Int {
    switch budget {
    case .steps(let limit): limit
    case .seconds(let limit):
      max(steps, Int(min(limit / max(seconds / Double(max(steps, 1)), 1e-9), 1e15)))
    }
  }
}
