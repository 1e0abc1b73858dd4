/// Finds the name somebody probably meant.
public enum NearestName {
  /// The candidate closest to `name`, if one is close enough to be worth naming.
  public static func find(_ name: String, in candidates: some Sequence<String>) -> String? {
    let limit = max(1, min(3, (name.count + 1) / 3))
    let ranked = candidates.map {
      (distance: distance(name.lowercased(), $0.lowercased()), name: $0)
    }
    return ranked.filter { $0.distance <= limit }
      .min { ($0.distance, $0.name) < ($1.distance, $1.name) }?.name
  }

  /// `; did you mean 'x'?`, or nothing.
  public static func suggestion(_ name: String, in candidates: some Sequence<String>) -> String {
    find(name, in: candidates).map { "; did you mean '\($0)'?" } ?? ""
  }

  /// Number of insertions, deletions, replacements and swaps of neighbours between two words.
  static func distance(_ a: String, _ b: String) -> Int {
    let a = Array(a.prefix(64)), b = Array(b.prefix(64))
    var rows = [Array(0...b.count)]
    for i in 0..<a.count {
      var row = [i + 1]
      for j in 0..<b.count {
        var best = min(rows[i][j + 1] + 1, row[j] + 1, rows[i][j] + (a[i] == b[j] ? 0 : 1))
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
          best = min(best, rows[i - 1][j - 1] + 1)
        }
        row.append(best)
      }
      rows.append(row)
    }
    return rows[a.count][b.count]
  }
}
