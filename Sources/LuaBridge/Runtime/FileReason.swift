import Foundation

/// Why the file system refused something, in words people know.
public enum FileReason {
  /// The system's own words for an error of Foundation, without names of its domains.
  public static func text(_ error: any Error) -> String {
    let outer = error as NSError
    if let inner = outer.userInfo[NSUnderlyingErrorKey] as? NSError,
      inner.domain == NSPOSIXErrorDomain
    {
      return String(cString: strerror(Int32(truncatingIfNeeded: inner.code)))
    }
    if outer.domain == NSPOSIXErrorDomain {
      return String(cString: strerror(Int32(truncatingIfNeeded: outer.code)))
    }
    let text = error.localizedDescription.replacing(
      "The operation could not be completed. ", with: "")
    return text.contains("ErrorDomain") ? "the system refused it" : text
  }
}
