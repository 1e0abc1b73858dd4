import Engine
import Foundation
import LuaBridge
import Testing

@Suite("A plugin reads files beside it, and no others")
struct LoadTests {
  /// A folder with a plugin's files, removed afterwards.
  private func inFolder(_ body: (URL) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("moonglass-load-\(UUID().uuidString)")
    let plugin = folder.appendingPathComponent("plugin/parts")
    try FileManager.default.createDirectory(at: plugin, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    for path in ["plugin/w.safetensors", "plugin/parts/w.safetensors", "secret.safetensors"] {
      try Safetensors.write(
        ["a": Tensor([1, 2] as [Float], shape: [2])],
        to: folder.appendingPathComponent(path).path(percentEncoded: false))
    }
    try body(folder.appendingPathComponent("plugin"))
  }

  private func run(_ source: String, in folder: URL, limits: LuaLimits = LuaLimits()) throws
    -> [LuaValue]
  {
    let file = folder.appendingPathComponent("p.lua")
    try Data(source.utf8).write(to: file)
    let runtime = try LuaRuntime(limits: limits)
    defer { runtime.close() }
    return [try runtime.load(file: file.path(percentEncoded: false))]
  }

  private func problem(_ path: String, in folder: URL, limits: LuaLimits = LuaLimits()) -> String? {
    do {
      _ = try run("return mg.load(\"\(path)\")", in: folder, limits: limits)
      return nil
    } catch { return (error as? LuaError)?.text }
  }

  @Test("Files beside the plugin and below are read")
  func reads() throws {
    try inFolder { folder in
      for path in ["w.safetensors", "parts/w.safetensors"] {
        let values = try run("return mg.load('\(path)').a:sum():item()", in: folder)
        #expect(values.first?.double == 3)
      }
      #expect(throws: LuaError.self) { try run("return mg.load('w.safetensors').b", in: folder) }
    }
  }

  @Test("Nothing else is")
  func refuses() throws {
    try inFolder { folder in
      let manager = FileManager.default
      let secret = folder.deletingLastPathComponent().appendingPathComponent("secret.safetensors")
      try manager.createSymbolicLink(
        at: folder.appendingPathComponent("link.safetensors"), withDestinationURL: secret)
      try manager.createSymbolicLink(
        at: folder.appendingPathComponent("up"),
        withDestinationURL: folder.deletingLastPathComponent())
      mkfifo(folder.appendingPathComponent("pipe").path(percentEncoded: false), 0o600)
      let outside = [
        "../secret.safetensors", "parts/../../secret.safetensors", "/etc/passwd", "", ".", "a//b",
        "./w.safetensors", secret.path(percentEncoded: false), "w.safetensors\\0.txt",
      ]
      for path in outside {
        #expect(
          problem(path, in: folder)?.hasSuffix("is not inside the plugin's folder") == true,
          "\(path)")
      }
      #expect(
        problem("link.safetensors", in: folder)
          == "load: 'link.safetensors' is a link: links are not followed")
      for path in ["up/secret.safetensors", "none.safetensors"] {
        #expect(problem(path, in: folder)?.contains("cannot be opened") == true, "\(path)")
      }
      for path in ["parts", "pipe"] {
        #expect(
          problem(path, in: folder) == "load: '\(path)' is not a regular file", "\(path)")
      }
      var limits = LuaLimits()
      limits.dataSize = 10
      #expect(
        problem("w.safetensors", in: folder, limits: limits)?.hasSuffix("at most 10 are read")
          == true)
      #expect(problem("p.lua", in: folder)?.contains("p.lua") == true)
    }
  }

  @Test("Source without a file has no folder")
  func noFile() {
    #expect(
      luaError("return mg.load('w.safetensors')")?.text
        == "load: only a plugin that is a file has files beside it")
  }

  @Test("A network is put together from its weights and differentiated")
  func network() throws {
    try inFolder { folder in
      let weights: [String: Tensor] = [
        "conv.weight": try Tensor.arange(18, step: 0.1).reshaped(to: [2, 1, 3, 3]),
        "conv.bias": Tensor([0.5, -1] as [Float], shape: [2]),
        "norm.weight": Tensor([1, 2] as [Float], shape: [2]),
        "norm.bias": Tensor([0, 1] as [Float], shape: [2]),
        "fc.weight": try Tensor.arange(32, from: -1, step: 0.06).reshaped(to: [1, 32]),
      ]
      try Safetensors.write(
        weights, to: folder.appendingPathComponent("net.safetensors").path(percentEncoded: false))
      let values = try run(
        """
        local w, nn = mg.load("net.safetensors"), mg.nn
        local net = nn.sequential {
          nn.conv2d(w, "conv", {padding = 1, mode = "circular"}), nn.group_norm(w, "norm", 2), mg.tanh,
          function(x) return x:flatten(2) end, nn.linear(w, "fc"),
        }
        local function plain(x)
          local y = x:pad(1, "circular"):conv2d(w["conv.weight"], 1, 0, w["conv.bias"])
          y = y:group_norm(2, w["norm.weight"], w["norm.bias"]):tanh()
          return y:reshape(y.shape[1], -1):matmul(w["fc.weight"]:transpose())
        end
        local x = mg.randn({3, 1, 4, 4}, 1)
        local apart = (net(x) - plain(x)):abs():max()
        local slopes = (mg.grad(function(v) return net(v):sum() end, x)
          - mg.grad(function(v) return plain(v):sum() end, x)):abs():max()
        return {apart:item(), slopes:item(), net(x):abs():min():item()}
        """, in: folder)
      let numbers = values.first?.table?.array.compactMap(\.double) ?? []
      #expect(numbers.count == 3)
      #expect(numbers.prefix(2).allSatisfy { $0 < 1e-5 }, "\(numbers)")
      #expect(numbers.last ?? 0 > 1e-3)
    }
  }

  @Test("What goes wrong in a network is said where it is called")
  func position() {
    let error = luaError(
      """
      local net = mg.nn.sequential {mg.nn.linear({weight = mg.zeros(2, 2)}, "")}
      local y = net(mg.zeros(3))
      return y
      """)
    #expect(
      error?.message
        == "test.lua:2: linear: x […, I] and weight [O, I] do not fit: [3] and [2, 2]")
  }
}
