/// A version number: `1.2.3`, of one to three parts.
public struct Version: Sendable, Hashable, Comparable, CustomStringConvertible {
  /// Major, minor and patch number.
  public let parts: [Int]

  /// The version of this program.
  public static let program = Version(parts: [0, 1, 0])

  private init(parts: [Int]) { self.parts = parts }

  /// Reads `1`, `1.2` or `1.2.3`; missing parts are 0.
  public init?(_ text: some StringProtocol) {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false).map { part in
      part.allSatisfy { $0.isASCII && $0.isNumber } ? Int(part) : nil
    }
    let numbers = parts.compactMap { $0 }
    guard (1...3).contains(parts.count), numbers.count == parts.count else { return nil }
    self.parts = numbers + Array(repeating: 0, count: 3 - numbers.count)
  }

  public static func < (a: Version, b: Version) -> Bool {
    a.parts.lexicographicallyPrecedes(b.parts)
  }

  public var description: String { parts.map(String.init).joined(separator: ".") }
}

/// What versions will do: `>=1.2`, `<2`, `==1.4.1`, or several of these with commas between.
public struct VersionRequirement: Sendable {
  private let bounds: [(relation: String, version: Version)]

  /// Reads a requirement; a bare version means at least that one.
  public init?(_ text: String) {
    let relations = [">=", "<=", "==", ">", "<"]
    var bounds: [(String, Version)] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let part = part.filter { $0 != " " }
      let relation = relations.first(where: part.hasPrefix) ?? ""
      guard let version = Version(part.dropFirst(relation.count)) else { return nil }
      bounds.append((relation.isEmpty ? ">=" : relation, version))
    }
    self.bounds = bounds
  }

  /// Whether a version will do.
  public func isMet(by version: Version) -> Bool {
    bounds.allSatisfy { relation, bound in
      switch relation {
      case ">=": version >= bound
      case "<=": version <= bound
      case ">": version > bound
      case "<": version < bound
      default: version == bound
      }
    }
  }
}
