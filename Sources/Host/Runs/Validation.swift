import Engine

/// A loss on images that are kept back from training, with the running average of the parameters, looked at
/// again and again: it says when more training no longer helps.
public struct Validation {
  /// Training steps between two looks.
  public var interval: Int
  /// Looks in a row without a new lowest loss that end training; `nil`: it ends by its budget alone.
  public var patience: Int?
  /// The loss with given parameters; the same random numbers every time.
  public var loss: (Parameters) throws -> Double

  public init(
    interval: Int, patience: Int? = nil, loss: @escaping (Parameters) throws -> Double
  ) {
    self.interval = interval
    self.patience = patience
    self.loss = loss
  }

  /// Whether training should end after these losses.
  func isExhausted(_ losses: [LossRecord]) -> Bool {
    guard let patience else { return false }
    var (best, bestIndex) = (Double.infinity, 0)
    for (index, record) in losses.enumerated() where record.loss < best {
      (best, bestIndex) = (record.loss, index)
    }
    return losses.count - bestIndex > patience
  }
}
