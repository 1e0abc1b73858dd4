import Foundation
import Testing

/// `moonglass run` from the outside: results, exit codes and messages.
@Suite(.serialized) struct RunTests {
  /// A whole experiment in seconds; `constraint` and `extra` are Lua text.
  private func recipe(constraint: String, extra: String = "") -> String {
    """
    return mg.recipe {
      name = "tiny", seed = 3,
      data = { "black_hole", count = 24, test = 8, size = 16, total = 10 },
      constraint = \(constraint),
      operator = { "first_columns", count = 4 },
      namm = { filters = 2, layers = 2, width = 4, blocks = 1, steps = 12, batch = 4 },
      mdm = { width = 8, multipliers = { 1, 2 }, blocks = 1, attention = { 8 }, resampling = "nearest",
        steps = 4, batch = 4, warmup = 2 },
      dm = { steps = 3 },
      sample = { count = 4, steps = 3 },
      solve = { count = 2, steps = 3 },
      \(extra)
    }
    """
  }

  private let own = """
    return mg.constraint {
      name = "own",
      distance = function(x, p)
        local left, right = x[{ {}, {}, {}, { 1, 8 } }], x[{ {}, {}, {}, { 9, 16 } }]
        return (left:sum { 2, 3, 4 } - right:sum { 2, 3, 4 }):abs()
      end,
    }
    """

  private func metrics(_ folder: URL) throws -> [String: Any] {
    let data = try Data(contentsOf: folder.appendingPathComponent("runs/tiny/metrics.json"))
    return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
  }

  @Test func aConstraintOfOnesOwnTrainsAndStagesAreKept() throws {
    try withFolder(["own.lua": own, "tiny.lua": recipe(constraint: "\"own.lua\"")]) { folder in
      let first = try Invocation.run(["run", "tiny.lua", "--profile"], in: folder)
      #expect(first.status == 0, "\(first.errors)")
      #expect(first.errors.contains("conv2d [") && first.errors.contains("GFLOP/s"))
      let trace = try Data(contentsOf: folder.appendingPathComponent("runs/tiny/trace.json"))
      #expect(try JSONSerialization.jsonObject(with: trace) is [String: Any])
      let numbers = try metrics(folder)
      for key in ["constraint_distance", "mmd", "inverse", "seconds", "improvement"] {
        #expect(numbers[key] != nil, "\(key) is missing from metrics.json")
      }
      let inverse = try #require(numbers["inverse"] as? [String: [String: Any]])
      for solver in ["dps", "cg_dps", "mirror_dps"] {
        for key in ["constraint_distance", "measurement_error", "psnr"] {
          #expect(inverse[solver]?[key] is Double, "\(solver).\(key)")
        }
      }
      let report = try String(
        contentsOf: folder.appendingPathComponent("runs/tiny/report.html"), encoding: .utf8)
      #expect(report.contains("</html>"))
      let again = try Invocation.run(["run", "tiny.lua"], in: folder)
      #expect(again.status == 0)
      for stage in ["namm", "mdm", "dm"] { #expect(again.errors.contains("\(stage): done before")) }
      // Another seed is another run of everything; the first one's stages stay.
      let other = try Invocation.run(["run", "tiny.lua", "--seed", "4"], in: folder)
      #expect(other.status == 0 && !other.errors.contains("done before"))
    }
  }

  /// Every part that a recipe can ask for, and measurements of somebody's own.
  @Test func measurementsOfOnesOwnAreSolvedWithEverythingAskedFor() throws {
    let extra =
      "finetune = { steps = 3, samples = 6, sample_steps = 3 },"
      + "validation = { count = 4, every = 2, patience = 50 },"
      + "vae = { width = 4, levels = 2, latent = 3, steps = 3, batch = 4 },"
      + "preset = \"brightness\", scale = 0.5,"
    let text = recipe(constraint: "\"own.lua\"", extra: extra)
      .replacingOccurrences(
        of: "sample = { count = 4, steps = 3 }",
        with: "sample = { count = 4, solver = \"dpm_solver++\", steps = 4 }")
    let simulated = text.replacingOccurrences(
      of: "solve = { count = 2, steps = 3 }",
      with: "solve = { count = 2, steps = 3, samples_per_measurement = 3 }")
    let own = text.replacingOccurrences(
      of: "solve = { count = 2, steps = 3 }",
      with: "solve = { count = 5, steps = 3, measurement = \"y.npy\", samples_per_measurement = 2 }"
    )
    try withFolder(["own.lua": self.own, "tiny.lua": simulated, "mine.lua": own]) { folder in
      let first = try Invocation.run(["run", "tiny.lua"], in: folder)
      #expect(first.status == 0, "\(first.errors)")
      let numbers = try metrics(folder)
      let inverse = try #require(numbers["inverse"] as? [String: [String: Any]])
      for key in ["psnr", "ssim", "crps", "spread", "skill"] {
        #expect(inverse["mirror_dps"]?[key] is Double, "\(key)")
      }
      #expect((numbers["steps"] as? [String: Any])?["finetune"] as? Int == 3)
      #expect(numbers["energy_distance"] != nil)
      #expect((numbers["mvae"] as? [String: Any])?["mmd"] is Double)
      let again = try Invocation.run(["run", "tiny.lua"], in: folder)
      #expect(
        again.status == 0 && again.errors.contains("finetune: done before"), "\(again.errors)")

      func file(_ name: String, of run: String) throws -> URL {
        let stages = folder.appendingPathComponent("\(run)/stages")
        let stage = try #require(
          try FileManager.default.contentsOfDirectory(atPath: stages.path).first {
            $0.hasPrefix("solutions")
          })
        return stages.appendingPathComponent("\(stage)/\(name)")
      }
      let missing = try Invocation.run(["run", "mine.lua", "--output", "mine"], in: folder)
      #expect(missing.status != 0 && missing.errors.contains("y.npy"), "\(missing.errors)")
      let target = folder.appendingPathComponent("y.npy")
      try FileManager.default.copyItem(at: file("truth.npy", of: "runs/tiny"), to: target)
      let wrong = try Invocation.run(["run", "mine.lua", "--output", "mine"], in: folder)
      #expect(wrong.status == 65 && wrong.errors.contains("solve.measurement"), "\(wrong.errors)")
      #expect(!wrong.errors.contains("namm 1/"), "\(wrong.errors)")
      try FileManager.default.removeItem(at: target)
      try FileManager.default.copyItem(at: file("measurement.npy", of: "runs/tiny"), to: target)
      let right = try Invocation.run(["run", "mine.lua", "--output", "mine"], in: folder)
      #expect(right.status == 0, "\(right.errors)")
      #expect(right.errors.contains("count is 5, but y.npy holds 2"), "\(right.errors)")
      #expect(right.errors.contains("mirror_dps: constraint distance"), "\(right.errors)")
      #expect(!right.errors.contains("nan"), "\(right.errors)")
      // Two measurements, two samples each, 16 rows of 16 numbers of four bytes, behind a header.
      for name in ["dps", "cg_dps", "mirror_dps"] {
        let bytes = try Data(contentsOf: file("\(name).npy", of: "mine"))
        #expect(bytes.count == 128 + 4 * 16 * 16 * 4, "\(name)")
        let picture = try Data(contentsOf: file("\(name).png", of: "mine"))
        #expect(picture.starts(with: [0x89, 0x50, 0x4E, 0x47]))
      }
      let report = try String(
        contentsOf: folder.appendingPathComponent("mine/report.html"), encoding: .utf8)
      #expect(report.contains("</html>"))
      // The same without the axis of the one channel.
      var bytes = try Data(contentsOf: target)
      let range = try #require(bytes.range(of: Data("(2, 1, 16, 4), }".utf8)))
      bytes.replaceSubrange(range, with: Data("(2, 16, 4), }   ".utf8))
      try bytes.write(to: target)
      let flat = try Invocation.run(["run", "mine.lua", "--output", "mine"], in: folder)
      #expect(flat.status == 0, "\(flat.errors)")
    }
  }

  /// Parts of `mg.all` and metrics of plugins are told; so is what makes a comparison unfair.
  @Test func furtherNumbersReachTheReport() throws {
    let own = self.own.replacingOccurrences(
      of: "  name = \"own\",",
      with: "  name = \"own\",\n  metrics = function(x) return { peak = x:max { 2, 3, 4 } } end,")
    let text = recipe(
      constraint: "mg.all { \"own.lua\", { \"total_brightness\", total = 500, weight = 0.1 } }")
    try withFolder(["own.lua": own, "tiny.lua": text]) { folder in
      let run = try Invocation.run(["run", "tiny.lua"], in: folder)
      #expect(run.status == 0, "\(run.errors)")
      #expect(run.errors.contains("far off the rule"), "\(run.errors)")
      let further = try #require(
        try metrics(folder)["constraint_metrics"] as? [String: [String: Any]])
      #expect(Set(further.keys) == ["own", "own.peak", "total_brightness"])
      let brightness = try #require(further["total_brightness"]?["data"] as? [String: Double])
      #expect(abs((brightness["mean"] ?? 0) - 490) < 1)
      let report = try String(
        contentsOf: folder.appendingPathComponent("runs/tiny/report.html"), encoding: .utf8)
      #expect(report.contains("own.peak") && report.contains("MMD², the squared"))
      #expect(!report.contains("same training time"))
    }
  }

  @Test func aFileOfImagesIsReadAndWhatIsWrongWithItNamed() throws {
    let rows = """
      return mg.constraint { name = "rows",
        distance = function(x) return (x:sum(4) - 1):abs():mean { 2, 3 } end,
        generate = function(count, p, rng)
          local x = rng:uniform { count, 1, 16, 16 } + 0.1
          return x / x:sum { 4, keepdims = true }
        end }
      """
    let text = recipe(constraint: "\"rows.lua\"").replacingOccurrences(
      of: "name = \"tiny\", ", with: ""
    )
    .replacingOccurrences(
      of: "{ \"black_hole\", count = 24, test = 8, size = 16, total = 10 }",
      with: "{ \"x.npy\", count = 100, test = 8 }")
    try withFolder(["rows.lua": rows, "tiny.lua": text]) { folder in
      let made = try Invocation.run(
        ["plugin", "generate", "rows.lua", "x.npy", "--count", "40"], in: folder)
      #expect(made.status == 0, "\(made.errors)")
      let run = try Invocation.run(["run", "tiny.lua"], in: folder)
      #expect(run.status == 0, "\(run.errors)")
      #expect(run.errors.contains("data: reading x.npy"), "\(run.errors)")
      #expect(run.errors.contains("count is 100, but x.npy holds 32"), "\(run.errors)")
      #expect(!run.errors.contains("far off the rule"), "\(run.errors)")
      // The recipe has no name: it has that of its file.
      #expect(try metrics(folder)["seed"] as? Int == 3)
      let file = folder.appendingPathComponent("x.npy")
      var bytes = try Data(contentsOf: file)
      bytes.replaceSubrange(bytes.count - 4..<bytes.count, with: [0, 0, 0xC0, 0x7F])
      try bytes.write(to: file)
      let spoiled = try Invocation.run(["run", "tiny.lua"], in: folder)
      #expect(spoiled.status == 74, "\(spoiled.errors)")
      #expect(spoiled.errors.contains("x.npy: ") && spoiled.errors.contains("test image 8"))
    }
  }

  /// Images of either sign, and what is said when settings change.
  @Test func theActivationIsThatOfTheImagesAndChangesAreSaid() throws {
    let signed = """
      return mg.constraint { name = "signed", params = { level = { default = 0 } },
        distance = function(x, p) return (x:sum { 2, 3, 4 } - p.level):abs() end,
        generate = function(count, p, rng)
          local x = rng:normal { count, 1, 16, 16 }
          return x - x:mean { 2, 3, 4, keepdims = true }
        end }
      """
    let text = recipe(constraint: "\"signed.lua\"").replacingOccurrences(
      of: "{ \"black_hole\", count = 24, test = 8, size = 16, total = 10 }",
      with: "{ \"x.npy\", test = 8 }")
    let softplus = text.replacingOccurrences(
      of: "steps = 12,", with: "steps = 13, activation = \"softplus\",")
    try withFolder(["signed.lua": signed, "tiny.lua": text, "soft.lua": softplus]) { folder in
      let made = try Invocation.run(
        ["plugin", "generate", "signed.lua", "x.npy", "--count", "40"], in: folder)
      #expect(made.status == 0, "\(made.errors)")
      let first = try Invocation.run(["run", "tiny.lua"], in: folder)
      #expect(first.status == 0, "\(first.errors)")
      let note = try #require(
        first.errors.split(separator: "\n").first { $0.contains("namm: activation = \"none\"") })
      #expect(note.contains("of the pixels of the training images are below 0"), "\(note)")
      #expect(!first.errors.contains("anew"), "\(first.errors)")
      for stage in ["samples", "solutions"] {
        let line = try #require(
          first.errors.split(separator: "\n").first { $0.hasPrefix("\(stage): runs/tiny/") })
        let path = folder.appendingPathComponent(String(line.dropFirst(stage.count + 2))).path
        let files = try FileManager.default.contentsOfDirectory(atPath: path)
        #expect(files.contains("settings.json") && files.contains("result.json"), "\(files)")
      }
      let again = try Invocation.run(["run", "tiny.lua"], in: folder)
      #expect(again.errors.contains("namm: done before"), "\(again.errors)")
      let soft = try Invocation.run(["run", "soft.lua"], in: folder)
      #expect(soft.status == 0, "\(soft.errors)")
      #expect(soft.errors.contains("warning: namm.activation is \"softplus\", but "))
      #expect(
        soft.errors.contains(
          "namm: trained anew: namm.activation, namm.steps changed; stages/namm-"),
        "\(soft.errors)")
      #expect(soft.errors.contains("mdm: trained anew: namm changed"), "\(soft.errors)")
      #expect(soft.errors.contains("dm: done before"), "\(soft.errors)")
      let page = try String(
        contentsOf: folder.appendingPathComponent("runs/tiny/report.html"), encoding: .utf8)
      for part in [
        "signed.lua:2; level = 0", "count = 4", "<dd>softplus</dd>", "below 0, where the inverse",
        "pixelated",
      ] { #expect(page.contains(part), "\(part)") }
      #expect(!page.contains("not finite and are left out") && !page.contains("CRPS</th>"))
      try (signed + "-- another line\n").write(
        to: folder.appendingPathComponent("signed.lua"), atomically: true, encoding: .utf8)
      let changed = try Invocation.run(["run", "soft.lua"], in: folder)
      #expect(
        changed.errors.contains("namm: trained anew: the constraint or its file changed"),
        "\(changed.errors)")
    }
  }

  @Test func theSameSeedGivesTheSameBytesWithAnyNumberOfThreads() throws {
    try withFolder(["own.lua": own, "tiny.lua": recipe(constraint: "\"own.lua\"")]) { folder in
      for (name, threads) in [("a", "1"), ("b", "2")] {
        let run = try Invocation.run(
          ["run", "tiny.lua", "--output", name, "--threads", threads], in: folder)
        #expect(run.status == 0, "\(run.errors)")
      }
      func samples(_ name: String) throws -> [Data] {
        let stages = folder.appendingPathComponent(name).appendingPathComponent("stages")
        return try FileManager.default.contentsOfDirectory(atPath: stages.path).sorted()
          .flatMap { stage in
            try ["mdm.npy", "mirror_dps.npy", "network.safetensors"].map {
              stages.appendingPathComponent(stage).appendingPathComponent($0)
            }.filter { FileManager.default.fileExists(atPath: $0.path) }.map {
              try Data(contentsOf: $0)
            }
          }
      }
      let (a, b) = (try samples("a"), try samples("b"))
      #expect(a.count == 5)
      #expect(a == b)
    }
  }

  /// What lies in a run's folder may have been changed by anybody.
  @Test func filesOfStagesThatWereChangedAreRefusedByName() throws {
    try withFolder(["own.lua": own, "tiny.lua": recipe(constraint: "\"own.lua\"")]) { folder in
      #expect(try Invocation.run(["run", "tiny.lua"], in: folder).status == 0)
      let stages = folder.appendingPathComponent("runs/tiny/stages")
      let names = try FileManager.default.contentsOfDirectory(atPath: stages.path)
      func file(_ stage: String, _ name: String) throws -> URL {
        let stage = try #require(names.first { $0.hasPrefix(stage + "-") })
        return stages.appendingPathComponent(stage).appendingPathComponent(name)
      }
      func expectRefused(_ file: URL, _ bytes: Data) throws {
        let before = try Data(contentsOf: file)
        try bytes.write(to: file)
        let run = try Invocation.run(["run", "tiny.lua"], in: folder)
        #expect(run.status == 74, "\(file.path): \(run.status) \(run.errors)")
        #expect(run.errors.contains("and run again"), "\(run.errors)")
        try before.write(to: file)
      }
      // NumPy's header for a scalar, and for ten numbers in a row.
      func array(_ shape: String, _ count: Int) -> Data {
        var header = "{'descr': '<f4', 'fortran_order': False, 'shape': \(shape), }"
        header += String(repeating: " ", count: 117 - header.count) + "\n"
        return Data([0x93] + "NUMPY".utf8 + [1, 0, 118, 0] + header.utf8)
          + Data(count: 4 * count)
      }
      for (stage, name) in [
        ("data", "train.npy"), ("data", "test.npy"), ("samples", "mdm.npy"), ("samples", "dm.npy"),
        ("solutions", "truth.npy"), ("solutions", "measurement.npy"), ("solutions", "dps.npy"),
      ] {
        try expectRefused(try file(stage, name), array("()", 1))
        try expectRefused(try file(stage, name), array("(10,)", 10))
      }
      let record = try file("namm", "result.json")
      let text = try String(contentsOf: record, encoding: .utf8)
      for value in ["1e300", "-1e300"] {
        let changed = text.replacing(/"seconds" : [0-9.e-]+/, with: "\"seconds\" : \(value)")
        #expect(changed != text)
        try expectRefused(record, Data(changed.utf8))
      }
    }
  }

  @Test func namesCannotDriveTheTerminalNorFillIt() throws {
    let long = recipe(constraint: "\"own.lua\"").replacingOccurrences(
      of: "\"own.lua\"", with: "('\\27[2J'):rep(5000)")
    try withFolder(["long.lua": long]) { folder in
      let run = try Invocation.run(["run", "long.lua"], in: folder)
      #expect(run.status != 0 && !run.errors.contains("\u{1B}") && run.errors.utf8.count < 20_000)
    }
    let named = own.replacingOccurrences(
      of: "name = \"own\"", with: "name = 'o', summary = 'a\\27[2Jb'")
    try withFolder(["own.lua": named]) { folder in
      let docs = try Invocation.run(["plugin", "docs", "./own.lua"], in: folder)
      #expect(docs.status == 0 && docs.output.contains("a\\u{1b}[2Jb"), "\(docs.output)")
    }
  }

  @Test func makingDataCanBeInterrupted() throws {
    let slow = recipe(constraint: "\"own.lua\"").replacingOccurrences(
      of: "count = 24, test = 8, size = 16", with: "count = 400000, test = 8, size = 64")
    try withFolder(["own.lua": own, "tiny.lua": slow]) { folder in
      let run = try Invocation.run(
        ["run", "tiny.lua"], in: folder, interruptAfter: "data: making")
      #expect(run.status == 130 && run.errors.contains("stopped during data"), "\(run.errors)")
    }
  }

  @Test func anInterruptedRunGoesOnAndEndsAsIfNothingHadBeen() throws {
    let slow = recipe(constraint: "\"own.lua\"").replacingOccurrences(
      of: "steps = 12", with: "steps = 1500")
    try withFolder(["own.lua": own, "tiny.lua": slow]) { folder in
      let stopped = try Invocation.run(["run", "tiny.lua"], in: folder, interruptAfter: "namm 1/")
      #expect(stopped.status == 130, "\(stopped.errors)")
      #expect(stopped.errors.contains("run the same command to go on"))
      let resumed = try Invocation.run(["run", "tiny.lua"], in: folder)
      #expect(resumed.status == 0, "\(resumed.errors)")
      #expect(resumed.errors.contains("namm: resumed after step"))
      let whole = try Invocation.run(["run", "tiny.lua", "--output", "whole"], in: folder)
      #expect(whole.status == 0)
      func network(_ run: String) throws -> Data {
        let stages = folder.appendingPathComponent(run).appendingPathComponent("stages")
        let stage = try #require(
          try FileManager.default.contentsOfDirectory(atPath: stages.path).first {
            $0.hasPrefix("namm")
          })
        return try Data(contentsOf: stages.appendingPathComponent("\(stage)/network.safetensors"))
      }
      #expect(try network("runs/tiny") == network("whole"))
    }
  }

  /// What is wrong with `own.lua`, and what must be said of it.
  static let mistakes: [(body: String, message: String)] = [
    ("return x:summ { 2, 3, 4 }:abs()", "own.lua:4: "),
    ("return x:sum { 2, 3, 4 }:abs(", "own.lua:5: "),
    ("return (x:sum { 3, 4 } - 10):abs()", "own.lua:3: distance must return [N]"),
    ("return 3", "own.lua:3: distance must return [N]"),
    ("return (x * 0 - 1):log():mean { 2, 3, 4 }", "numbers, from log at own.lua:4"),
    ("return (x * 0):sqrt():mean { 2, 3, 4 }", "numbers, from sqrt at own.lua:4"),
    ("return x:mean { 2, 3, 4 } - 100", "own.lua:3: distance must be ≥ 0"),
    ("return x:mean { 2, 3, 4 } * 0 + 1", "own.lua:3: distance does not change"),
    ("return nothing(x)", "own.lua:4: "),
  ]

  @Test(arguments: mistakes.map(\.body)) func aMistakeInAConstraintIsOneMessageWithFileAndLine(
    _ body: String
  ) throws {
    let mistake = try #require(RunTests.mistakes.first { $0.body == body })
    let source =
      "return mg.constraint {\n  name = \"own\",\n  distance = function(x, p)\n    \(body)\n  end,\n}\n"
    try withFolder(["own.lua": source, "tiny.lua": recipe(constraint: "\"own.lua\"")]) { folder in
      let run = try Invocation.run(["run", "tiny.lua"], in: folder)
      #expect(run.status == 65, "\(run.errors)")
      #expect(run.errors.contains(mistake.message), "\(run.errors)")
      #expect(
        run.errors.components(separatedBy: "error: ").count == 2, "one message: \(run.errors)")
      #expect(!run.errors.contains("stack traceback"), "\(run.errors)")
    }
  }

  /// What the README shows is what it says.
  @Test func theConstraintOfTheReadmeTrains() throws {
    let readme = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("README.md")
    let text = try String(contentsOf: readme, encoding: .utf8)
    let start = try #require(text.range(of: "```lua\n"))
    let end = try #require(text.range(of: "```", range: start.upperBound..<text.endIndex))
    let source = String(text[start.upperBound..<end.lowerBound])
    #expect(source.contains("mg.constraint"))
    let recipe = recipe(constraint: "{ \"balanced.lua\", weight = 2 }")
    try withFolder(["balanced.lua": source, "tiny.lua": recipe]) { folder in
      let run = try Invocation.run(["run", "tiny.lua"], in: folder)
      #expect(run.status == 0, "\(run.errors)")
    }
  }

  /// Finite on the data and near them, not on what an untrained inverse map gives.
  @Test func aConstraintThatFailsInTrainingIsNamedAndNothingIsLost() throws {
    let source = """
      return mg.constraint {
        name = "own",
        distance = function(x, p)
          return (60 - x:sum { 2, 3, 4 }):sqrt()
        end,
      }
      """
    let text = recipe(constraint: "\"own.lua\"")
    try withFolder(["own.lua": source, "tiny.lua": text]) { folder in
      let run = try Invocation.run(["run", "tiny.lua"], in: folder)
      #expect(run.status == 65, "\(run.errors)")
      #expect(run.errors.contains("own.lua:3: distance or its gradient"), "\(run.errors)")
      // With the constraint mended the same command goes on; the data are there.
      try own.write(to: folder.appendingPathComponent("own.lua"), atomically: true, encoding: .utf8)
      let mended = try Invocation.run(["run", "tiny.lua"], in: folder)
      #expect(mended.status == 0 && !mended.errors.contains("data: making"), "\(mended.errors)")
    }
  }

  @Test func mistakesInARecipeNameTheField() throws {
    let cases = [
      ("stepz = 3", "stepz"), ("\"stray\"", "without a name"),
      ("sample = { steps = 0 }", "sample.steps"),
      ("sample = { solver = \"dpm_solver\" }", "did you mean 'dpm_solver++'"),
      ("preset = \"burger\"", "did you mean 'burgers'"),
      ("vae = { levels = 5, batch = 4 }", "divisible by 32"),
      ("finetune = { samples = 2 }", "finetune.samples"),
      ("validation = { count = 24 }", "validation.count"),
      ("namm = { widht = 4 }", "did you mean 'width'"),
      ("mdm = { lr = 1 }", "it is 'learning_rate' here"),
      ("bogus = 1", "finetune"), ("seed = \"x\"", "seed"),
      ("counter = { size = 50 }", "counter.size must be a multiple of 4"),
      ("counter = { size = 44 }", "counter.size must be a whole number in 48…1024"),
      ("counter = { most = 13 }", "counter.most must be a whole number in 6…12"),
      ("counter = { fewest = 4, most = 3 }", "counter.most"),
    ]
    for (extra, expected) in cases {
      let text = recipe(constraint: "\"total_brightness\"", extra: extra)
      try withFolder(["tiny.lua": text]) { folder in
        let run = try Invocation.run(["run", "tiny.lua"], in: folder)
        #expect(run.status == 65, "\(extra): \(run.errors)")
        #expect(run.errors.contains(expected), "\(extra): \(run.errors)")
        #expect(run.errors.contains("error: tiny.lua:"), "\(extra): \(run.errors)")
      }
    }
  }

  /// Mistakes that are found where the settings are used are placed as well.
  @Test func mistakesInWhatARecipeNamesAreOnItsLine() throws {
    let text = recipe(constraint: "\"total_brightness\"")
    let own = "{ \"black_hole\", count = 24, test = 8, size = 16, total = 10 }"
    let missing = text.replacingOccurrences(of: own, with: "{ \"none.npy\" }")
    let odd = text.replacingOccurrences(of: own, with: "{ \"kolmogorov\", size = 11 }")
    let unread = recipe(constraint: "{ \"swift:count\", weights = \"none.safetensors\" }")
    try withFolder(["missing.lua": missing, "odd.lua": odd, "unread.lua": unread]) { folder in
      for (file, status, place, expected) in [
        ("missing.lua", 74, "missing.lua:3: ", "none.npy"),
        ("odd.lua", 65, "odd.lua:3: ", "size"),
        ("unread.lua", 74, "unread.lua:4: ", "none.safetensors"),
      ] as [(String, Int32, String, String)] {
        let run = try Invocation.run(["run", file], in: folder)
        #expect(run.status == status, "\(file): \(run.status) \(run.errors)")
        #expect(run.errors.contains(place) && run.errors.contains(expected), "\(run.errors)")
      }
    }
  }

  /// What newcomers write, and what leads on.
  @Test func plugInsInTheWrongPlaceAreNamed() throws {
    let cases = [
      ("\"gaussian_blur\"", "tiny.lua:4: 'gaussian_blur' is an operator, not a constraint"),
      ("{ \"burgers\", \"periodic\" }", "mg.all"),
      ("{ \"total_brightness\", total = Total }", "tiny.lua:4: 'Total' is not defined"),
    ]
    for (constraint, expected) in cases {
      try withFolder(["tiny.lua": recipe(constraint: constraint)]) { folder in
        let run = try Invocation.run(["run", "tiny.lua"], in: folder)
        #expect(run.status == 65 && run.errors.contains(expected), "\(run.errors)")
        #expect(!run.errors.contains("traceback"), "\(run.errors)")
      }
    }
    try withFolder([:]) { folder in
      let run = try Invocation.run(["run", "."], in: folder)
      #expect(run.status == 65 && run.errors.contains("is a folder"), "\(run.errors)")
      let blocked = try Invocation.run(["run", ".", "--output", "/proc/x"], in: folder)
      #expect(!blocked.errors.contains("NSCocoa"), "\(blocked.errors)")
    }
    try withFolder(["own.lua": own]) { folder in
      let run = try Invocation.run(["run", "own.lua"], in: folder)
      #expect(run.status == 65 && run.errors.contains("own.lua is a constraint"), "\(run.errors)")
    }
  }

  /// Everything that can be known before training is said before training.
  @Test func impossiblePlansAreRefusedBeforeTraining() throws {
    let plans = [
      ("steps = 4, batch = 4", "steps = 4, batch = 25", "mdm.batch"),
      ("batch = 4 },\n  mdm", "batch = 25 },\n  mdm", "namm.batch"),
      ("\"first_columns\", count = 4", "\"first_columns\", count = 40", "first_columns.lua:12"),
      ("size = 16", "size = 18", "divisible by 4"),
    ]
    for (old, new, expected) in plans {
      let text = recipe(constraint: "\"total_brightness\"")
        .replacingOccurrences(of: old, with: new)
      try withFolder(["tiny.lua": text]) { folder in
        let run = try Invocation.run(["run", "tiny.lua"], in: folder)
        #expect(run.status == 65 && run.errors.contains(expected), "\(new): \(run.errors)")
        #expect(!run.errors.contains("namm 1/"), "\(new): \(run.errors)")
      }
    }
  }

  @Test func whatCannotBeFoundIsSaid() throws {
    try withFolder(["tiny.lua": recipe(constraint: "\"burgerz\"")]) { folder in
      let missing = try Invocation.run(["run", "nowhere.lua"], in: folder)
      #expect(missing.status == 66 && missing.errors.contains("nowhere.lua"))
      let unknown = try Invocation.run(["run", "tiny.lua"], in: folder)
      #expect(unknown.status == 65 && unknown.errors.contains("burgers"), "\(unknown.errors)")
      let usage = try Invocation.run(["run", "tiny.lua", "--threads", "0"], in: folder)
      #expect(usage.status == 64, "\(usage.errors)")
      let help = try Invocation.run(["--help"], in: folder)
      #expect(help.status == 0 && help.output.contains("run") && help.output.contains("doctor"))
    }
  }
}
