import Foundation

/// Sums of products written by Einstein's convention: what an equation such as `ij,jk->ik` says.
private struct EinsumEquation {
  let operands: [[Character]]
  let result: [Character]

  init(_ text: String, operandCount: Int) throws(EngineError) {
    let text = text.filter { !$0.isWhitespace }
    func problem(_ expected: String) -> EngineError {
      .invalidArgument(op: "einsum", argument: "equation", expected: expected, got: "'\(text)'")
    }
    let sides = text.components(separatedBy: "->")
    let operands = sides[0].components(separatedBy: ",").map { Array($0) }
    let all = Array(operands.joined())
    guard sides.count <= 2,
      (all + (sides.count == 2 ? Array(sides[1]) : [])).allSatisfy({ $0.isASCII && $0.isLetter })
    else { throw problem("letters, commas and one '->', as in 'ij,jk->ik'") }
    guard operands.count == operandCount else {
      throw problem("as many terms as operands (\(operandCount))")
    }
    guard operands.allSatisfy({ Set($0).count == $0.count }) else {
      throw problem("without a letter twice in one operand (take a diagonal first)")
    }
    // Without '->' the result has the letters that occur once, in alphabetical order.
    let once = Set(all).filter { letter in all.count(where: { $0 == letter }) == 1 }.sorted()
    let result = sides.count == 2 ? Array(sides[1]) : once
    guard Set(result).count == result.count, Set(result).isSubset(of: all) else {
      throw problem("a result of letters of the operands, each once")
    }
    self.operands = operands
    self.result = result
  }
}

/// An operand with the letters of its axes.
private struct EinsumTerm {
  var tensor: Tensor
  var letters: [Character]

  func size(of letter: Character) -> Int? {
    letters.firstIndex(of: letter).map { tensor.shape[$0] }
  }

  /// Sums over the axes nobody else needs.
  func keeping(_ needed: Set<Character>) throws(EngineError) -> EinsumTerm {
    let dropped = letters.indices.filter { !needed.contains(letters[$0]) }
    if dropped.isEmpty { return self }
    return EinsumTerm(
      tensor: try tensor.sum(dropped), letters: letters.filter { needed.contains($0) })
  }

  /// The axes in the order of groups of letters, each group as one axis.
  func grouped(_ groups: [[Character]]) throws(EngineError) -> Tensor {
    let order = groups.joined().compactMap { letters.firstIndex(of: $0) }
    return try tensor.permuted(order).reshaped(
      to: groups.map { $0.reduce(1) { $0 * (size(of: $1) ?? 1) } })
  }

  /// The product with another term, summed over the letters they share and nobody needs: one batched
  /// matrix product.
  func times(_ other: EinsumTerm, needed: Set<Character>) throws(EngineError) -> EinsumTerm {
    let a = try keeping(needed.union(other.letters))
    let b = try other.keeping(needed.union(letters))
    let shared = a.letters.filter { b.letters.contains($0) }
    let batch = shared.filter { needed.contains($0) }
    let summed = shared.filter { !needed.contains($0) }
    let left = a.letters.filter { !shared.contains($0) }
    let right = b.letters.filter { !shared.contains($0) }
    let product = try a.grouped([batch, left, summed]).matmul(b.grouped([batch, summed, right]))
    let letters = batch + left + right
    let sizes = letters.map { a.size(of: $0) ?? b.size(of: $0) ?? 1 }
    return EinsumTerm(tensor: try product.reshaped(to: sizes), letters: letters)
  }
}

extension Tensor {
  /// Sums of products by Einstein's convention: letters name axes, those the result lacks are summed over.
  ///
  /// `ij,jk->ik` is the matrix product, `bij,bjk->bik` a batch of them, `i,j->ij` the outer product, `ij->ji`
  /// a transpose. From left to right, two operands at a time, each product is one batched ``matmul(_:)``.
  ///
  /// - Throws: for an equation that does not fit the operands, a letter twice in one of them, or one letter
  ///   with two sizes.
  public static func einsum(_ equation: String, _ operands: [Tensor]) throws(EngineError) -> Tensor
  {
    let parsed = try EinsumEquation(equation, operandCount: operands.count)
    var sizes: [Character: Int] = [:]
    var terms: [EinsumTerm] = []
    for (number, (operand, letters)) in zip(operands, parsed.operands).enumerated() {
      guard operand.rank == letters.count else {
        throw .invalidArgument(
          op: "einsum", argument: "operand \(number + 1)",
          expected: "\(letters.count) axes for '\(String(letters))'", got: "shape \(operand.shape)")
      }
      for (axis, letter) in letters.enumerated() {
        let size = sizes[letter] ?? operand.shape[axis]
        guard size == operand.shape[axis] else {
          throw .invalidArgument(
            op: "einsum", argument: "axis '\(letter)' of operand \(number + 1)",
            expected: "size \(size) as before", got: "\(operand.shape[axis])")
        }
        sizes[letter] = size
      }
      let tensor = operand.dtype.isFloating ? operand : try operand.cast(to: .float32)
      terms.append(EinsumTerm(tensor: tensor, letters: letters))
    }
    var total = terms[0]
    for (number, term) in terms.enumerated().dropFirst() {
      let later = terms[(number + 1)...].flatMap(\.letters)
      total = try total.times(term, needed: Set(later + parsed.result))
    }
    return try total.keeping(Set(parsed.result)).grouped(parsed.result.map { [$0] })
  }
}
