extension ReportTemplates {
  /// The style sheet of a report: light and dark, narrow and wide, and on paper.
  static let style = """
    :root{--paper:#f6f7f8;--card:#fff;--ink:#1c2228;--soft:#5a6570;--edge:#e0e4e8;
    --accent:#1f66c1;--good:#0d7d6c;--bad:#c2410c;--track:#edf0f2;
    --plus:13,125,108;--minus:214,76,18}
    @media screen and (prefers-color-scheme:dark){:root{--paper:#111417;--card:#1a1e23;
    --ink:#e9ecef;--soft:#a3adb8;--edge:#2d333a;
    --accent:#74aefc;--good:#4fcbb0;--bad:#f5926a;--track:#2a3037;
    --plus:45,178,152;--minus:236,112,60}}
    *{box-sizing:border-box}
    html{-webkit-text-size-adjust:100%}
    body{margin:0 auto;padding:3rem 1.5rem 4rem;max-width:76rem;background:var(--paper);
    color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
    h1{margin:0;font-size:2.1rem;line-height:1.2;letter-spacing:-.02em;font-weight:680}
    h2{margin:0 0 .4rem;font-size:1.3rem;letter-spacing:-.01em;font-weight:650}
    h3{margin:0 0 .5rem;font-size:.8rem;font-weight:650}
    p{margin:0}ul,ol,dl,dd,figure,blockquote{margin:0;padding:0}li{list-style:none}
    .lead{margin-top:.6rem;max-width:46rem;font-size:1.1rem;color:var(--soft)}
    nav{margin-top:1rem;display:flex;flex-wrap:wrap;gap:.3rem 1.2rem;font-size:.9rem}
    a{color:var(--accent);text-decoration:none}a:hover{text-decoration:underline}
    section{margin-top:3rem}
    .intro,.unit,.empty{max-width:46rem;color:var(--soft)}
    .unit{margin-top:.2rem;font-size:.9rem}
    .figures{display:flex;flex-wrap:wrap;gap:1px;margin-top:2rem;overflow:hidden;
    border:1px solid var(--edge);border-radius:10px;background:var(--edge)}
    .figures div{flex:1 1 11rem;padding:1rem 1.2rem;background:var(--card)}
    .figures dt{font-size:.85rem;color:var(--soft)}
    .figures .value{font-size:1.9rem;line-height:1.3;font-weight:650;letter-spacing:-.02em}
    .value,.number,td.right,.suspect .id,.facts dd,.features dd{font-variant-numeric:tabular-nums}
    .figures .note{font-size:.8rem;color:var(--soft)}
    img{display:block;image-rendering:pixelated;border-radius:4px;object-fit:contain;
    background:var(--track)}
    .id{font-size:.8rem;color:var(--soft);overflow-wrap:anywhere}
    .queries{display:grid;gap:1rem;margin-top:1rem}
    .query{display:grid;grid-template-columns:10rem 1fr 1fr;gap:1.5rem;padding:1.3rem;
    background:var(--card);border:1px solid var(--edge);border-radius:10px}
    .subject img{width:8rem;height:8rem;margin-bottom:.7rem}
    .subject p{font-size:.9rem}
    .verdict.wrong strong{color:var(--bad)}.verdict.right strong{color:var(--good)}
    .verdict .id,.suspect p>.id{white-space:nowrap}.side .empty{font-size:.9rem}
    .side ul{display:grid;gap:.55rem}
    .side li{display:grid;grid-template-columns:auto 1fr;gap:.7rem;align-items:center}
    .side img{width:3.2rem;height:3.2rem}
    .helped h3,.helped .number{color:var(--good)}.harmed h3,.harmed .number{color:var(--bad)}
    .about{display:grid;grid-template-columns:1fr auto;gap:.1rem .6rem;align-items:center;
    font-size:.9rem;min-width:0;grid-column:2}
    .about .name{grid-column:1/3}.about .id{margin-left:.35rem}
    .change{grid-column:1/3;font-size:.8rem;color:var(--soft);font-variant-numeric:tabular-nums}
    .number{font-size:.85rem;min-width:4.2rem;text-align:right;white-space:nowrap}
    .score{height:5px;border-radius:3px;background:var(--track);overflow:hidden}
    .length{display:block;height:100%;border-radius:3px;background:var(--good)}
    .harmed .length{background:var(--bad)}
    .gallery{display:grid;gap:.8rem;margin-top:1rem;
    grid-template-columns:repeat(auto-fill,minmax(9rem,1fr))}
    .suspect{position:relative;padding:.9rem;background:var(--card);border:1px solid var(--edge);
    border-radius:10px;font-size:.9rem}
    .suspect img{width:100%;height:auto;aspect-ratio:1;margin-bottom:.6rem}
    .rank{position:absolute;top:.45rem;left:.45rem;min-width:1.6rem;padding:0 .35rem;
    border-radius:1rem;background:var(--card);border:1px solid var(--edge);font-size:.75rem;
    text-align:center;color:var(--soft)}
    .given{color:var(--bad)}
    .truth{margin:.15rem 0;font-size:.8rem}.truth.planted{color:var(--good)}
    .truth.planted::before{content:"\\2713\\00a0";font-weight:700}
    .truth.untouched{color:var(--soft)}.truth.untouched::before{content:"\\2013\\00a0"}
    .suspect .id span{white-space:nowrap}.suspect .id span:first-child{white-space:normal}
    .suspect .id{display:flex;justify-content:space-between;gap:.5rem}
    .charts{display:grid;gap:1rem;
    grid-template-columns:repeat(auto-fit,minmax(min(26rem,100%),1fr))}
    .charts:not(:empty){margin-top:1rem}
    figure{padding:.6rem;background:var(--card);border:1px solid var(--edge);border-radius:10px}
    figure svg{display:block;width:100%;height:auto;max-width:46rem;margin:0 auto}
    figcaption{padding:.3rem .6rem .4rem;font-size:.85rem;color:var(--soft)}
    .scroll{overflow-x:auto;margin-top:1rem;background:var(--card);border:1px solid var(--edge);
    border-radius:10px}
    table{width:100%;border-collapse:collapse;font-size:.9rem}
    caption{padding:.8rem 1rem .2rem;text-align:left;font-weight:650}
    th,td{padding:.45rem 1rem;text-align:left;border-bottom:1px solid var(--edge)}
    tbody tr:last-child td{border-bottom:0}
    th{font-weight:600;font-size:.8rem;color:var(--soft)}
    th.right,td.right{text-align:right;white-space:nowrap}
    .features{display:flex;flex-wrap:wrap;gap:.1rem .7rem;font-size:.8rem}
    .subject .features{display:grid;margin-bottom:.7rem}
    .side .features,.side blockquote{grid-column:1/3}
    .side .features+.about,.side blockquote+.about{grid-column:1/3}
    .features div{display:flex;gap:.3rem}.subject .features div{justify-content:space-between}
    .features dt{color:var(--soft)}
    blockquote{font-size:.9rem;overflow-wrap:anywhere}
    .query.passage{grid-template-columns:1fr 1fr;gap:1rem 2rem}.query.passage .subject{grid-column:1/3;
    padding-bottom:1rem;border-bottom:1px solid var(--edge)}
    .passage blockquote{font:.82rem/1.55 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;
    white-space:pre-wrap}
    .passage .subject blockquote{font-size:.95rem;margin-bottom:.4rem}
    .passage .side li{padding-bottom:.6rem;border-bottom:1px solid var(--edge)}
    .passage .side li:last-child{border-bottom:0}
    .passage .about{grid-template-columns:auto 1fr auto}.passage .about .name{grid-column:1}
    .passage .about .id{margin-left:0}
    .tokens span,.legend .scale span{border-radius:2px}
    .plus{background:rgba(var(--plus),calc(var(--shade)*.6))}
    .minus{background:rgba(var(--minus),calc(var(--shade)*.6))}
    .asked{outline:2px solid var(--accent);outline-offset:1px;font-weight:700}
    .question{color:var(--soft)}
    details{grid-column:1/3;min-width:0;font-size:.8rem}
    summary{width:max-content;max-width:100%;cursor:pointer;color:var(--accent)}
    details blockquote{margin-top:.4rem;padding-left:.7rem;border-left:2px solid var(--edge)}
    details[open]{margin-bottom:.3rem}
    .legend{max-width:46rem;margin-top:.5rem;font-size:.9rem;color:var(--soft)}
    .scale{display:inline-flex;align-items:center;gap:2px;margin-right:.6rem;font-size:.8rem;
    vertical-align:-.1rem}
    .scale span:empty{width:1.1rem;height:.9rem;border:1px solid var(--edge)}
    .scale span:first-child{margin-right:.3rem}.scale span:last-child{margin-left:.3rem}
    .notes ul{max-width:46rem}.notes li{margin:.4rem 0;padding-left:1.1rem;position:relative}
    .notes li::before{content:"\\2022";position:absolute;left:.2rem;color:var(--soft)}
    footer{margin-top:3rem;padding-top:1.5rem;border-top:1px solid var(--edge)}
    footer h2{font-size:1rem}
    .facts{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1.5rem;font-size:.85rem}
    .facts dt{color:var(--soft)}.facts dd{overflow-wrap:anywhere}
    @media(max-width:52rem){body{padding:1.5rem 1rem 3rem}h1{font-size:1.6rem}
    .query{grid-template-columns:1fr 1fr}.subject{grid-column:1/3;display:grid;
    grid-template-columns:auto 1fr;column-gap:1rem;align-content:start}
    .subject img{grid-row:1/5;width:6rem;height:6rem;margin:0}.subject .features{grid-column:1/3}
    .query.passage .subject{display:block}}
    @media(max-width:34rem){.query,.query.passage{grid-template-columns:1fr}
    .subject,.query.passage .subject{grid-column:1}
    .facts{grid-template-columns:1fr}.facts dd{margin-bottom:.4rem}
    .gallery{grid-template-columns:repeat(auto-fill,minmax(8rem,1fr))}}
    @media screen and (max-width:40rem){figure{overflow-x:auto}figure svg{min-width:36rem}}
    @media print{body{padding:0;max-width:none;background:#fff;font-size:11pt}nav{display:none}
    .query,.suspect,figure,tr{break-inside:avoid}h2,h3{break-after:avoid}
    *{-webkit-print-color-adjust:exact;print-color-adjust:exact}
    .gallery{grid-template-columns:repeat(5,1fr)}.suspect{font-size:.8rem}.truth{font-size:.72rem}
    .figures div{flex-basis:7rem;padding:.7rem}.figures .value{font-size:1.3rem;white-space:nowrap}
    section{margin-top:2rem}.side img{width:2.4rem;height:2.4rem}}
    """
}
