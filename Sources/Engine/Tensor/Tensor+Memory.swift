extension Tensor {
  /// Bytes its value holds now; 0 before it is computed.
  public var residentByteCount: Int { node.value?.byteCount ?? 0 }
}
