import Engine
import Host
import LuaBridge

/// What went wrong before anything was read.
enum CommandError: Diagnostic {
  case missingFile(String)

  var code: String { "command.missing-file" }
  var message: String {
    switch self {
    case .missingFile(let path): "\(path): there is no such file"
    }
  }
  var hint: String? {
    switch self {
    case .missingFile(let path) where path.hasSuffix(".npy") || path.hasSuffix(".png"): nil
    case .missingFile: "give the path of a recipe, such as examples/quickstart.lua"
    }
  }
}

/// Exit codes of sysexits.h.
enum ExitStatus {
  static let dataError: Int32 = 65
  static let noInput: Int32 = 66
  static let unavailable: Int32 = 69
  static let softwareError: Int32 = 70
  static let inputOutputError: Int32 = 74
  /// What shells give for a program ended by SIGINT.
  static let interrupted: Int32 = 130

  static func of(_ error: any Error) -> Int32 {
    switch error {
    case is CommandError: noInput
    case RunError.interrupted: interrupted
    case BenchmarkError.commandNotFound, BenchmarkError.commandFailed, BenchmarkError.noResult:
      unavailable
    case EngineError.library: softwareError
    case EngineError.file: inputOutputError
    case let error as RecipeProblem: of(error.problem)
    case is any Diagnostic: dataError
    default: softwareError
    }
  }
}
