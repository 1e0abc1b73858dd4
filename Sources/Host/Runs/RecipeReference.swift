import LuaBridge

/// `docs/recipe.md`: every setting of a recipe, written from what reads them.
public enum RecipeReference {
  /// The page.
  ///
  /// - Throws: what reading a recipe does; nothing while every setting has a default that is valid.
  public static func markdown() throws -> String {
    let log = SettingsLog()
    let least = LuaTable(fields: [
      "data": .table(LuaTable(array: [.string(DatasetCatalogue.entries[0].name)])),
      "constraint": .string("burgers"),
    ])
    _ = try ExperimentSettings(least, file: "recipe.lua", log: log)
    for entry in DatasetCatalogue.entries {
      var reader = SettingsReader(LuaTable(), path: "data", log: log)
      _ = try DatasetCatalogue.dataset(entry.name, &reader)
    }
    return page(log)
  }

  private static func page(_ log: SettingsLog) -> String {
    var lines = [opening]
    let datasets = DatasetCatalogue.entries
    let stages = log.paths.filter { path in
      !datasets.contains { DatasetCatalogue.listedPath(of: $0.name) == path }
    }
    for path in stages {
      lines.append(path.isEmpty ? "## The recipe" : "## `\(path)`")
      if let text = introductions[path] { lines.append(text) }
      lines.append(table(log.entries.filter { $0.path == path }))
      guard path == "data" else { continue }
      for dataset in datasets {
        lines.append("### `{ \"\(dataset.name)\", … }`")
        lines.append(sentence(dataset.summary))
        let own = DatasetCatalogue.listedPath(of: dataset.name)
        lines.append(table(log.entries.filter { $0.path == own }))
      }
    }
    lines += [results, closing]
    return lines.joined(separator: "\n\n") + "\n"
  }

  private static func table(_ entries: [SettingsLog.Entry]) -> String {
    let rows = entries.map { entry in
      let standard = entry.standard.isEmpty ? "–" : entry.standard
      return "| `\(entry.name)` | \(standard) | \(entry.values) | \(entry.meaning) |"
    }
    return (["| key | default | values | meaning |", "| --- | --- | --- | --- |"] + rows)
      .joined(separator: "\n")
  }

  private static func sentence(_ text: String) -> String {
    text.prefix(1).uppercased() + text.dropFirst() + "."
  }

  private static let opening = """
    # Settings of a recipe

    Written by `make docs` from what reads recipes: change that, not this page.

    A recipe is a Lua file that returns `mg.recipe { … }`: the settings of the first table, and tables of
    settings for the stages. All have defaults but `data` and `constraint`; an unknown key is an error that
    names the nearest one. Numbers are given here as `1e-3`, lists as `{ 1, 2 }`.
    """

  private static let introductions = [
    "data": """
    `{ "NAME", … }` is a dataset that is generated, with settings of its own (below); `{ "images.npy" }` a file of
    images `[N, C, H, W]` or `[N, H, W]` of finite numbers; `{ "folder/" }` what `moonglass data make` or
    `moonglass data import` wrote. Relative paths are looked for beside the recipe. Rows and columns must be
    divisible by 4, and by 2 for every entry of `multipliers` after the first.
    """,
    "counter": """
    Trains the network of the constraint `count` first, unless its file is there. Left out, nothing is trained.
    """,
    "namm": """
    The mirror map: the forward map g (an ICNN's gradient), the inverse map f (a ResNet), and their training by
    objective (1) of the paper.
    """,
    "mdm": "The diffusion model in mirror space: its score network and training.",
    "dm": """
    The baseline on the images themselves. What is left out is as in `mdm`, but for `steps`.
    """,
    "finetune": """
    Trains the inverse map further, on samples of `mdm` (equation 7 of the paper). Left out, it is not done. What
    the table leaves out is as in `namm`.
    """,
    "vae": """
    Variational autoencoders beside the diffusion models, one in mirror space and a plain one. Left out, there are
    none.
    """,
    "validation": "Keeps training images back and logs their loss. Left out, none are kept back.",
    "sample": "How the trained models are sampled.",
    "solve": """
    How the inverse problem of `operator` is solved, by DPS, constraint-guided DPS (CG-DPS) and mirror DPS. Each
    step goes down the gradient of the misfit between y and A(x) by ζ, cut at `guidance_limit`.

    `measurement = "y.npy"` solves measurements of your own. The file holds what the operator gives, `[N, …]`, or
    one measurement without the first axis, or `[N, H, W]` where the operator gives one channel; all N are solved,
    and `count` is not used. `moonglass run` says the shape it expects before anything is trained. There is no
    truth then, so no PSNR, SSIM or CRPS.
    """,
  ]

  private static let closing = """
    ## mdm is worse than dm: what to turn

    In this order. Points 1 to 4 and 7 rest on figures of [the method](method.md) and the README, measured on two cores;
    the others on the paper.

    1. Look at the report's first table. A lower constraint distance with a higher MMD² is the usual price of a short
       training: `total_brightness` trained for two minutes went from distance 2.32 to 0.90, and MMD² from 0.009 to
       0.179. The paper trains hundreds of times as long.
    2. More `namm.steps` and `mdm.steps`: f cannot mend more than its own error, and learns slowly.
    3. Compare what took the same time: leave `dm.steps` out, and run on an idle machine.
    4. Take `sample.solver = "sde_dpm_solver++"`, with 20 to 50 steps: it does as well as 1,000 of `euler_maruyama`, or
       better ([samplers](method.md#samplers)). Of shortly trained networks `heun` and `dpm_solver++` give larger
       distances, 2.2 instead of 1.0 for mdm in `total_brightness`: their flow keeps errors that the SDE's noise lets
       it forget.
    5. `namm.inverse_noise`: the paper's values are 0.1, and 0.5 for the divergence. The inverse map must undo errors
       of the score network of about this size.
    6. `namm.constraint_weight`: the paper's λ is 1, and 0.01 for distances in the tens such as total brightness or
       counts. In the report's chart of the mirror map, the constraint's part should fall with the others.
    7. `finetune = { inverse_noise = 0, constraint_weight = 20, learning_rate = 1e-3 }`: the inverse map learns from
       samples of `mdm` itself, whose errors are all it has to undo. In the quickstart and `burgers`, where mdm's
       distance had been dm's or larger, it was 27 to 42 % smaller then.
    8. Last the sizes: `namm.width`, `namm.blocks` and `mdm.width` cost time for every step.
    """
}
