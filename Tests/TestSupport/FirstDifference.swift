/// Where two lists first differ, in words; `nil` where they are equal.
///
/// What a failing test prints instead of both lists.
public func firstDifference<Number: Equatable>(_ actual: [Number], _ expected: [Number]) -> String?
{
  guard actual.count == expected.count else {
    return "\(actual.count) numbers instead of \(expected.count)"
  }
  guard let index = actual.indices.first(where: { actual[$0] != expected[$0] }) else { return nil }
  return "number \(index) is \(actual[index]) instead of \(expected[index])"
}
