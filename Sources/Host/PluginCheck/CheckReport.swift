import Engine

/// What one check of a plugin found.
public struct CheckResult: Sendable, Encodable {
  public enum Status: String, Sendable, Encodable {
    case passed, failed
    /// Something to know that need not be wrong.
    case warning
    /// Not looked at, for the reason given.
    case skipped
  }

  /// What was checked, such as `gradient`: stable, for machines.
  public let name: String
  public let status: Status
  /// What was found, with numbers.
  public let detail: String
  /// What to do about it.
  public let hint: String?
  /// What sort of fault it is, of a check that failed.
  public let fault: PluginFault?
}

/// What all checks of a plugin found.
public struct PluginReport: Sendable {
  /// `constraint` or `operator`.
  public let kind: String
  public let name: String
  /// The Lua file; `nil` for one that is built in.
  public let file: String?
  /// Sizes `[C, H, W]` of the images it was tried on.
  public var imageSize: [Int] = []
  public var results: [CheckResult] = []

  /// Whether nothing failed.
  public var isGreen: Bool { !results.contains { $0.status == .failed } }

  /// What sort of fault was found first; `nil` where all is well.
  public var fault: PluginFault? { results.lazy.compactMap(\.fault).first }
}

extension PluginReport: Encodable {
  private enum CodingKeys: String, CodingKey {
    case kind, name, file, fault, results
    case imageSize = "image_size"
    case isGreen = "green"
  }

  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(kind, forKey: .kind)
    try values.encode(name, forKey: .name)
    try values.encodeIfPresent(file, forKey: .file)
    try values.encode(imageSize, forKey: .imageSize)
    try values.encode(isGreen, forKey: .isGreen)
    try values.encodeIfPresent(fault, forKey: .fault)
    try values.encode(results, forKey: .results)
  }
}

/// What a check comes to.
enum CheckOutcome {
  case pass(String)
  /// - Parameter fault: `nil` for the one that the check looks for.
  case fail(String, hint: String? = nil, fault: PluginFault? = nil)
  case warn(String, hint: String? = nil)
  case skip(String)
}

/// Runs checks one after the other; an error fails the check it comes from.
struct CheckList {
  private(set) var results: [CheckResult] = []

  /// - Returns: whether it did not fail.
  @discardableResult
  mutating func run(_ name: String, _ body: () throws -> CheckOutcome) -> Bool {
    let outcome: CheckOutcome
    do {
      outcome = try body()
    } catch EngineError.noGradient where name != "reaches input" {
      outcome = .skip("it needs the gradient, which is missing: see 'reaches input'")
    } catch {
      let problem = PluginProblem(error)
      outcome = .fail(
        problem.message, hint: problem.hint,
        fault: name == "loads" ? PluginFault(loading: error) : PluginFault(error))
    }
    var (hint, fault): (String?, PluginFault?)
    let (status, detail): (CheckResult.Status, String)
    switch outcome {
    case .pass(let text): (status, detail) = (.passed, text)
    case .skip(let text): (status, detail) = (.skipped, text)
    case .warn(let text, let help): (status, detail, hint) = (.warning, text, help)
    case .fail(let text, let help, let found):
      (status, detail, hint) = (.failed, text, help)
      fault = found ?? PluginFault(check: name)
    }
    results.append(
      CheckResult(name: name, status: status, detail: detail, hint: hint, fault: fault))
    return status != .failed
  }
}
