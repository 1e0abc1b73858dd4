import Engine
import Foundation
import Testing

@testable import Host

private struct State: Codable, Equatable {
  var step = 0
  var loss = 0.1
  var seed: UInt64 = .max
}

/// A fresh directory that is removed when the value goes away.
private final class Folder {
  let url = FileManager.default.temporaryDirectory.appendingPathComponent(
    "moonglass-run-\(UUID().uuidString)")
  init() throws {
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }
  deinit { try? FileManager.default.removeItem(at: url) }

  var entries: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []).sorted()
  }

  func save(_ step: Int) throws {
    let value = Tensor([Float(step), 2], shape: [2])
    try Checkpoint.save(
      step: step, groups: ["weights": ["a/b": value], "optimizer": ["m": value]],
      state: State(step: step), in: url)
  }

  func load() throws -> Checkpoint.Loaded<State>? {
    try Checkpoint.loadLatest(State.self, in: url)
  }
}

@Suite struct CheckpointTests {
  @Test func hashesAreTheKnownOnes() {
    func hash(_ text: String) -> String { SHA256.hexDigest(of: Array(text.utf8)) }
    #expect(hash("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    #expect(hash("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    #expect(
      hash("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")
        == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")
    // 55, 56 and 64 bytes are where the padding changes its length.
    #expect(
      [55, 56, 64].map { String(hash(String(repeating: "a", count: $0)).prefix(8)) }
        == ["9f4390f8", "b35439a4", "ffe054fe"])
  }

  @Test func theNewestComesBack() throws {
    let folder = try Folder()
    #expect(try folder.load()?.step == nil)
    for step in [1, 7, 30] { try folder.save(step) }
    let loaded = try #require(try folder.load())
    #expect(loaded.step == 30 && loaded.state == State(step: 30) && loaded.warnings.isEmpty)
    #expect(try loaded.groups["weights"]?["a/b"]?.floats() == [30, 2])
    #expect(loaded.groups.keys.sorted() == ["optimizer", "weights"])
    #expect(folder.entries == ["ckpt-000007", "ckpt-000030"])
  }

  @Test func aStepCanBeSavedAgain() throws {
    let folder = try Folder()
    try folder.save(5)
    try Checkpoint.save(step: 5, groups: [:], state: State(step: 5, loss: 9), in: folder.url)
    #expect(try folder.load()?.state.loss == 9)
    #expect(folder.entries == ["ckpt-000005", "ckpt-000005-1"])
    try folder.save(5)
    #expect(folder.entries == ["ckpt-000005-1", "ckpt-000005-2"])
    try folder.save(1_234_567)
    #expect(folder.entries == ["ckpt-000005-2", "ckpt-1234567"])
    #expect(try folder.load()?.step == 1_234_567)
  }

  @Test func damagedCheckpointsAreNeverLoaded() throws {
    let folder = try Folder()
    try folder.save(1)
    try folder.save(2)
    let newest = folder.url.appendingPathComponent("ckpt-000002")
    for name in ["weights.safetensors", "state.json", "manifest.json"] {
      let file = newest.appendingPathComponent(name)
      let good = try Data(contentsOf: file)
      var damaged: [Data?] = [nil, Data(), good.prefix(good.count / 2), good + [0]]
      for position in stride(from: 0, to: good.count, by: name == "manifest.json" ? 7 : 3) {
        var flipped = good
        flipped[position] ^= 1
        damaged.append(flipped)
      }
      for bytes in damaged {
        try FileManager.default.removeItem(at: file)
        try bytes?.write(to: file)
        let loaded = try #require(try folder.load())
        // A flipped bit in the manifest's spacing or key order may be harmless; a wrong value never is.
        if name == "manifest.json", loaded.step == 2 {
          #expect(try loaded.groups["weights"]?["a/b"]?.floats() == [2, 2])
          #expect(loaded.groups.count == 2)
        } else {
          #expect(loaded.step == 1 && loaded.state == State(step: 1))
          #expect(loaded.warnings.count == 1)
        }
        if bytes == nil { try Data().write(to: file) }
      }
      try good.write(to: file)
    }
    #expect(try folder.load()?.step == 2)
  }

  @Test func damagedLaterOnesDoNotPushOutWhatIsSaved() throws {
    let folder = try Folder()
    for step in [8, 9] {
      try folder.save(step)
      try Data().write(to: folder.url.appendingPathComponent("ckpt-00000\(step)/state.json"))
    }
    for step in [1, 2, 3] { try folder.save(step) }
    #expect(try folder.load()?.step == 3)
    #expect(folder.entries == ["ckpt-000002", "ckpt-000003", "ckpt-000008", "ckpt-000009"])
    try folder.save(10)
    #expect(folder.entries == ["ckpt-000009", "ckpt-000010"])
  }

  @Test func nothingWholeIsAnError() throws {
    let folder = try Folder()
    try folder.save(1)
    try FileManager.default.removeItem(
      at: folder.url.appendingPathComponent("ckpt-000001/weights.safetensors"))
    #expect(throws: EngineError.self) { try folder.load() }
  }

  @Test func manifestsCannotNameOtherFiles() throws {
    let folder = try Folder()
    try folder.save(1)
    let manifest = folder.url.appendingPathComponent("ckpt-000001/manifest.json")
    let text = try String(contentsOf: manifest, encoding: .utf8)
    for name in ["../../secret.safetensors", "/etc/passwd", "a/b.safetensors", ".safetensors"] {
      try text.replacingOccurrences(of: "weights.safetensors", with: name)
        .write(to: manifest, atomically: true, encoding: .utf8)
      #expect(throws: EngineError.self) { try folder.load() }
    }
  }

  @Test func failedSavesLeaveNothingAndHurtNothing() throws {
    let folder = try Folder()
    try folder.save(1)
    #expect(throws: EngineError.self) {
      try Checkpoint.save(step: 2, groups: [:], state: State(loss: .nan), in: folder.url)
    }
    #expect(throws: EngineError.self) {
      try Checkpoint.save(step: 2, groups: ["../x": [:]], state: State(), in: folder.url)
    }
    let absent = folder.url.appendingPathComponent("absent")
    #expect(throws: EngineError.self) {
      try Checkpoint.save(step: 2, groups: [:], state: State(), in: absent)
    }
    #expect(folder.entries == ["ckpt-000001"])
  }
}

@Suite struct CheckpointRunDirectoryTests {
  @Test func twoRunsCannotShareADirectory() throws {
    let folder = try Folder()
    var first: RunDirectory? = try RunDirectory(folder.url.appendingPathComponent("run"))
    let error = #expect(throws: EngineError.self) {
      try RunDirectory(folder.url.appendingPathComponent("run"))
    }
    #expect(error?.message.contains("process \(getpid())") == true)
    #expect(first != nil)
    first = nil
    // The file is still there; the lock is not.
    _ = try RunDirectory(folder.url.appendingPathComponent("run"))
  }

  @Test func directoriesThatCannotBeWrittenAreRefusedAtOnce() throws {
    let folder = try Folder()
    let file = folder.url.appendingPathComponent("file")
    try Data().write(to: file)
    #expect(throws: EngineError.self) { try RunDirectory(file) }
    #expect(throws: EngineError.self) { try RunDirectory(URL(fileURLWithPath: "/proc/run")) }
  }

  @Test func linksAreNeitherFollowedNorEmptied() throws {
    for name in ["lock", "metrics.jsonl", "stages", "stages/mdm-1"] {
      let folder = try Folder()
      let url = folder.url.appendingPathComponent("run")
      let victim = folder.url.appendingPathComponent("victim")
      let isFile = !name.hasPrefix("stages")
      if isFile {
        try Data("precious".utf8).write(to: victim)
      } else {
        try FileManager.default.createDirectory(at: victim, withIntermediateDirectories: true)
      }
      let link = url.appendingPathComponent(name)
      try FileManager.default.createDirectory(
        at: link.deletingLastPathComponent(), withIntermediateDirectories: true)
      try FileManager.default.createSymbolicLink(at: link, withDestinationURL: victim)
      let error = #expect(throws: EngineError.self) {
        try RunDirectory(url).appendMetrics(["step": 1.0])
      }
      #expect(error?.message.contains("link") == true, "\(name)")
      if isFile { #expect(try Data(contentsOf: victim) == Data("precious".utf8), "\(name)") }
      try FileManager.default.removeItem(at: link)
      guard isFile else { continue }
      try FileManager.default.linkItem(at: victim, to: link)
      #expect(throws: EngineError.self) { try RunDirectory(url).appendMetrics(["step": 1.0]) }
      #expect(try Data(contentsOf: victim) == Data("precious".utf8), "\(name)")
    }
  }

  @Test func leftoversOfTheDeadAreRemoved() throws {
    let folder = try Folder()
    // No process has an id this large.
    let names = ["ckpt-000003.tmp.999999999", "state.json.tmp.999999999.4"]
    let kept = ["ckpt-000003.tmp.\(getpid())", "notes.tmp.txt"]
    for name in names + kept {
      try FileManager.default.createDirectory(
        at: folder.url.appendingPathComponent(name + "/inside"), withIntermediateDirectories: true)
    }
    _ = try RunDirectory(folder.url)
    #expect(folder.entries == (kept + ["lock"]).sorted())
  }

  @Test func filesAreWrittenWholeAndReadBack() throws {
    let folder = try Folder()
    let run = try RunDirectory(folder.url)
    #expect(try run.read(State.self, from: "state.json") == nil)
    try run.write(State(step: 3), as: "state.json")
    #expect(try run.read(State.self, from: "state.json") == State(step: 3))
    #expect(throws: EngineError.self) { try run.read([Int].self, from: "state.json") }
    try run.write("<p>", as: "report.html")
    #expect(try String(contentsOf: run.file("report.html"), encoding: .utf8) == "<p>")
  }

  @Test func metricsAreLinesEvenAfterACrash() throws {
    let folder = try Folder()
    let log = folder.url.appendingPathComponent("metrics.jsonl")
    try Data("{\"step\":1}\n{\"st".utf8).write(to: log)
    let run = try RunDirectory(folder.url)
    try run.appendMetrics(["step": 2.0, "loss": .nan])
    try run.appendMetrics(["step": 3.0])
    let lines = try String(contentsOf: log, encoding: .utf8).split(separator: "\n")
    #expect(lines == ["{\"step\":1}", "{\"st", "{\"loss\":\"NaN\",\"step\":2}", "{\"step\":3}"])
  }

  @Test func aFullDiskIsReported() throws {
    let folder = try Folder()
    try FileManager.default.createSymbolicLink(
      atPath: folder.url.path + "/metrics.jsonl", withDestinationPath: "/dev/full")
    let run = try RunDirectory(folder.url)
    #expect(throws: EngineError.self) { try run.appendMetrics(["step": 1]) }
  }
}
