extension RecipeReference {
  /// What a run leaves, and what makes it train again.
  static let results = """
    ## What a run leaves

    `runs/NAME`, or the folder of `output`:

    | file | content |
    | --- | --- |
    | `report.html` | pictures, tables and settings: one page that needs no other file |
    | `metrics.json` | the numbers of the report |
    | `metrics.jsonl` | a line for every ten training steps |
    | `recipe.lua`, `constraint.lua`, `operator.lua`, `run.json` | what was run: sources, their hashes, the seed |
    | `stages/NAME-…` | a folder for each stage: what it made, `settings.json`, and `result.json` once it is done |

    Images and measurements are Float32 `.npy` files, images `[N, C, H, W]`:

    | stage | file | content |
    | --- | --- | --- |
    | `data` | `train.npy`, `test.npy` | the images |
    | `namm`, `mdm`, `dm`, `finetune`, `vae`, `mvae` | `network.safetensors` | averaged parameters, by name |
    | `samples` | `mdm.npy`, `dm.npy` | `sample.count` samples of each model |
    | | `mdm_mirror.npy` | those of `mdm` before the inverse map |
    | `solutions` | `measurement.npy` | `[M, …]`, what the operator gives, with its noise |
    | | `truth.npy` | `[M, C, H, W]`; not with `solve.measurement` |
    | | `dps.npy`, `cg_dps.npy`, `mirror_dps.npy` | `[M·K, C, H, W]`, K being `samples_per_measurement` |
    | | `dps.png`, … | the first 64 of them |

    The K samples of a measurement are one after the other: in Python, `x.reshape(M, K, C, H, W)[m]` are those of
    measurement m. `moonglass run` names the folders of `samples` and `solutions` at its end.

    A stage is done again if anything changed that decides its result, and so are all after it; what was there is
    kept. More `steps`, or any change of the constraint's file, a comment too, trains that stage and all after it from
    the start. The console says what changed.
    """
}
