/// The look of the page, light and dark.
enum ReportStyle {
  static let sheet = """
    :root {
      --paper: #fbfaf7; --card: #ffffff; --ink: #1d1c26; --soft: #5d5b6b; --rule: #e3e0d8;
      --accent: #4a3f9f; --tint: #efedfa;
      --c0: #4a3f9f; --c1: #d4731a; --c2: #14857c; --c3: #c23a6b; --c4: #7a7f1e; --c5: #4f7fc4;
    }
    @media (prefers-color-scheme: dark) {
      :root {
        --paper: #14131b; --card: #1c1b26; --ink: #eceaf4; --soft: #a5a2b8; --rule: #34323f;
        --accent: #b3a8ff; --tint: #29263f;
        --c0: #a79bff; --c1: #f3a04f; --c2: #4cc9bd; --c3: #f2799f; --c4: #c9cf5a; --c5: #85b2f2;
      }
    }
    * { box-sizing: border-box; }
    body {
      margin: 0 auto; padding: 2.5rem 1.5rem 3rem; max-width: 68rem; background: var(--paper);
      color: var(--ink); font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto,
      "Noto Sans", "DejaVu Sans", sans-serif; font-variant-numeric: tabular-nums;
    }
    h1 { margin: 0; font-size: 2.1rem; line-height: 1.2; letter-spacing: -0.015em; }
    h2 { margin: 0 0 .4rem; font-size: 1.3rem; line-height: 1.3; }
    p { margin: .4rem 0 1rem; max-width: 44rem; }
    .subtitle { margin: .4rem 0 1.2rem; max-width: none; color: var(--soft); font-size: 1.08rem; }
    .lead { color: var(--soft); }
    nav { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; font-size: .92rem; }
    nav a { color: var(--accent); text-decoration: none; }
    nav a:hover, nav a:focus { text-decoration: underline; }
    header { padding-bottom: 1.4rem; border-bottom: 1px solid var(--rule); }
    section { padding: 2rem 0 1.6rem; border-bottom: 1px solid var(--rule); }
    footer { padding-top: 1.2rem; color: var(--soft); font-size: .88rem; }
    figure { margin: 0; }
    figcaption { margin-bottom: .4rem; font-weight: 600; }
    .note { margin-top: .3rem; color: var(--soft); font-size: .86rem; line-height: 1.4; }
    .scroll { overflow-x: auto; margin: .6rem 0 1.2rem; }

    .tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(13rem, 1fr)); gap: 1rem;
      margin: .8rem 0 1.4rem; }
    .tile { padding: 1rem 1.15rem; background: var(--card); border: 1px solid var(--rule);
      border-radius: .6rem; }
    .tile .value { font-size: 1.75rem; font-weight: 650; line-height: 1.15; color: var(--accent);
      letter-spacing: -0.01em; }
    .tile .label { margin-top: .3rem; line-height: 1.35; }

    table { border-collapse: collapse; min-width: 60%; font-size: .95rem; }
    caption { padding-bottom: .4rem; text-align: left; color: var(--soft); font-size: .9rem; }
    th, td { padding: .42rem .9rem; text-align: right; white-space: nowrap; }
    th:first-child, td:first-child { text-align: left; padding-left: .6rem; }
    thead th { color: var(--soft); font-weight: 600; font-size: .86rem;
      border-bottom: 2px solid var(--rule); }
    tbody th { font-weight: 450; }
    tbody tr + tr > * { border-top: 1px solid var(--rule); }
    tr.ours > * { background: var(--tint); font-weight: 650; }

    .panels { display: grid; grid-template-columns: repeat(auto-fit, minmax(14rem, 1fr));
      gap: 1.2rem; margin: .8rem 0 .9rem; }
    img { display: block; image-rendering: pixelated; }
    .mosaic { width: 100%; height: auto; border-radius: .3rem; }
    .image-grid { min-width: 0; width: 100%; table-layout: fixed; }
    .image-grid th, .image-grid td { padding: .3rem; text-align: center; vertical-align: top;
      border: 0 !important; white-space: normal; }
    .image-grid tbody th { width: 6rem; text-align: left; vertical-align: middle;
      color: var(--soft); font-size: .9rem; }
    .image-grid thead td { width: 6rem; }
    .image-grid img { width: 100%; min-width: 5.5rem; height: auto; border-radius: .25rem; }
    .color-bar { display: flex; align-items: flex-start; gap: .8rem; margin: 0 0 1.2rem;
      color: var(--soft); font-size: .84rem; }
    .bar { width: 16rem; max-width: 60vw; }
    .bar img { width: 100%; height: .75rem; border-radius: .2rem; }
    .bar .ticks { display: flex; justify-content: space-between; margin-top: .1rem; }
    .bar-label { line-height: .9rem; }

    .side-by-side { display: grid; grid-template-columns: repeat(auto-fit, minmax(20rem, 1fr));
      gap: 1.2rem; margin: .8rem 0 1.2rem; }
    .chart { max-width: 36rem; padding: .9rem 1rem .8rem; background: var(--card);
      border: 1px solid var(--rule); border-radius: .6rem; margin-bottom: 1rem; }
    .side-by-side .chart { height: 100%; margin: 0; }
    .legend { display: flex; flex-wrap: wrap; gap: .1rem 1.2rem; margin: 0 0 .3rem;
      color: var(--soft); font-size: .88rem; }
    .key { display: inline-block; width: .8rem; height: .8rem; margin-right: .4rem;
      border-radius: .2rem; background: var(--color); vertical-align: -0.06rem; }
    svg { display: block; width: 100%; height: auto; }
    svg text { font-family: inherit; font-size: 12px; fill: var(--soft); }
    svg .axis { font-size: 12.5px; fill: var(--ink); }
    .grid { stroke: var(--rule); fill: none; }
    .minor { opacity: .5; }
    .stroke { stroke: var(--soft); fill: none; }
    .c0 { --color: var(--c0); } .c1 { --color: var(--c1); } .c2 { --color: var(--c2); }
    .c3 { --color: var(--c3); } .c4 { --color: var(--c4); } .c5 { --color: var(--c5); }
    .line { stroke: var(--color); stroke-width: 2; fill: none; stroke-linejoin: round; }
    .band { fill: var(--color); opacity: .16; }
    .dot { fill: var(--color); }
    .steps { fill: var(--color); fill-opacity: .28; stroke: var(--color); stroke-width: 1.5; }
    .median { stroke: var(--color); stroke-width: 1.5; stroke-dasharray: 5 4; fill: none; }

    details { margin: .6rem 0; }
    summary { font-weight: 600; cursor: pointer; }
    dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.4rem;
      margin: .7rem 0 .4rem; font-size: .93rem; }
    dt { color: var(--soft); }
    dd { margin: 0; overflow-wrap: anywhere; }
    @media (max-width: 40rem) { dl { grid-template-columns: 1fr; } dd { margin-bottom: .4rem; } }
    @media print { body { max-width: none; padding: 0; } nav { display: none; }
      section, figure { break-inside: avoid; } }
    """
}
