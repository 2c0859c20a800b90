/// The looks of charts and pages, as literals of the program.
///
/// The seven colours of series were chosen by search: each has a contrast of at least 3:1 to the paper (WCAG 2.2, 1.4.11),
/// and the least OKLab distance between two of them is, on light and dark paper, 0.19 in normal sight, 0.11 under
/// protanopia and deuteranopia (simulated as by Machado et al. 2009, doi:10.1109/TVCG.2009.113) and 0.08 under
/// tritanopia; Okabe and Ito's seven keep 0.16, 0.08 and 0.09, and three of them fall short of 3:1 on white. Colours are
/// written twice, plain and as a variable, because some renderers (librsvg) do not know variables.
enum Stylesheet {
  /// For a chart that stands alone.
  static let chart: StaticString = """

    .rote{--paper:#fff;--ink:#1b1d21;--muted:#5c6169;--grid:#e3e5e8;--axis:#7d828a;--1:#0072b2;--2:#d55e00;\
    --3:#06a681;--4:#4e390c;--5:#4a1c9a;--6:#a92969;--7:#9b7ff6}
    @media screen and (prefers-color-scheme:dark){.rote{--paper:#16181c;--ink:#e6e8eb;--muted:#a3a9b2;--grid:#2d3138;\
    --axis:#7b828c;--1:#56b4e9;--2:#e69f00;--3:#acf9b7;--4:#ff6fa8;--5:#1c72de;--6:#c94115;--7:#6a736d}}
    .rote{font-family:"Helvetica Neue",Helvetica,Arial,"Liberation Sans",sans-serif;font-size:12px;\
    font-variant-numeric:tabular-nums}
    .rote text{fill:#1b1d21;fill:var(--ink)}
    .rote .title{font-size:13px}
    .rote .panel{font-size:13px;font-weight:600}
    .rote .tick,.rote .muted{fill:#5c6169;fill:var(--muted)}
    .rote .muted{font-style:italic}
    .rote path{fill:none;stroke-width:1}
    .rote .paper{fill:#fff;fill:var(--paper)}
    .rote .grid{stroke:#e3e5e8;stroke:var(--grid)}
    .rote .axis,.rote .zero{stroke:#7d828a;stroke:var(--axis)}
    .rote .s1{color:#0072b2;color:var(--1)}
    .rote .s2{color:#d55e00;color:var(--2)}
    .rote .s3{color:#06a681;color:var(--3)}
    .rote .s4{color:#4e390c;color:var(--4)}
    .rote .s5{color:#4a1c9a;color:var(--5)}
    .rote .s6{color:#a92969;color:var(--6)}
    .rote .s7{color:#9b7ff6;color:var(--7)}
    .rote .line{stroke:currentColor;stroke-width:1.8;stroke-linejoin:round;stroke-linecap:round}
    .rote .dashed{stroke-dasharray:5 4}
    .rote .bar{stroke:currentColor;stroke-width:1.2}
    .rote .leader{stroke:currentColor;stroke-opacity:.55}
    .rote .band{fill:currentColor;fill-opacity:.16}
    .rote .area{fill:currentColor}
    .rote .diagonal{stroke:#1b1d21;stroke:var(--ink);stroke-dasharray:3 3}
    .rote .mark{fill:currentColor;stroke:#fff;stroke:var(--paper);stroke-width:1}
    .rote .hollow{fill:#fff;fill:var(--paper);stroke:currentColor;stroke-width:1.6}
    .rote .lining{stroke:#fff;stroke:var(--paper);stroke-width:3.4}
    .rote .whisker{stroke:#1b1d21;stroke:var(--ink);stroke-width:1.2}

    """

  /// For a page, beside the one for charts.
  static let page: StaticString = """

    :root{color-scheme:light dark;--paper:#fff;--ink:#1b1d21;--muted:#5c6169;--rule:#c9cdd3;--hair:#e3e5e8;\
    --link:#00578a}
    @media screen and (prefers-color-scheme:dark){:root{--paper:#16181c;--ink:#e6e8eb;--muted:#a3a9b2;\
    --rule:#4a505a;--hair:#2d3138;--link:#7cc4f0}}
    *{box-sizing:border-box}
    html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
    body{margin:0 auto;padding:3rem 1.25rem 4rem;max-width:64rem;background:var(--paper);color:var(--ink);\
    font:1.0625rem/1.55 Charter,"Bitstream Charter","Sitka Text",Cambria,"Liberation Serif",Georgia,serif;\
    overflow-wrap:anywhere}
    h1{font-size:1.9rem;line-height:1.2;font-weight:600;margin:0 0 .6rem;text-wrap:balance}
    h2{font-size:1.3rem;line-height:1.3;font-weight:600;margin:3rem 0 .8rem}
    p{margin:0 0 1rem}
    .lead{color:var(--muted);font-size:1.1rem}
    a{color:var(--link);text-underline-offset:.15em}
    nav ol{margin:1.5rem 0 0;padding:.8rem 0;list-style:none;border:solid var(--hair);border-width:1px 0;\
    font:.9rem/1.7 "Helvetica Neue",Helvetica,Arial,"Liberation Sans",sans-serif;columns:2;column-gap:2rem}
    nav a{text-decoration:none}
    nav a:hover{text-decoration:underline}
    header,nav,footer,h2,p,figure{max-width:42rem}
    .table{margin:1.75rem 0;overflow-x:auto;width:max-content;min-width:min(42rem,100%);max-width:100%}
    table{border-collapse:collapse;width:100%;\
    font:.86rem/1.4 "Helvetica Neue",Helvetica,Arial,"Liberation Sans",sans-serif;\
    font-variant-numeric:tabular-nums lining-nums;border-bottom:1.5px solid var(--ink)}
    caption,figcaption{text-align:left;color:var(--muted);\
    font:.86rem/1.45 "Helvetica Neue",Helvetica,Arial,"Liberation Sans",sans-serif}
    caption strong,figcaption strong{color:var(--ink);font-weight:600}
    caption{padding-bottom:.55rem}
    caption div{position:sticky;left:0;max-width:min(39.5rem,100vw - 3.25rem)}
    thead th{border-top:1.5px solid var(--ink);border-bottom:1px solid var(--rule);font-weight:600;\
    vertical-align:bottom}
    th,td{padding:.28rem .9rem .28rem 0;vertical-align:baseline}
    th:last-child,td:last-child{padding-right:0}
    tbody tr+tr>*{border-top:1px solid var(--hair)}
    tbody th{font-weight:400}
    .doubtful>*{color:var(--muted)}
    .lead-column,th{text-align:left}
    .lead-column{min-width:8rem;max-width:20rem;overflow-wrap:break-word}
    .num,.ci{text-align:right;white-space:nowrap;overflow-wrap:normal}
    thead .num{white-space:normal}
    td.wide{padding-right:.4rem;padding-left:.5rem}
    .ci{width:1px}
    .ci,.unit{color:var(--muted)}
    .unit{font-weight:400}
    details{margin:1.75rem 0}
    details .table{margin-top:.8rem}
    summary{cursor:pointer;max-width:42rem;color:var(--muted);\
    font:.86rem/1.45 "Helvetica Neue",Helvetica,Arial,"Liberation Sans",sans-serif}
    summary strong{color:var(--ink);font-weight:600}
    figure{margin:1.75rem 0}
    figcaption{margin-top:.6rem}
    figure>svg{display:block;width:100%;height:auto}
    .grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(5.4rem,1fr));gap:1rem .9rem;margin:0;padding:0;\
    list-style:none}
    .grid img{display:block;width:100%;height:auto;image-rendering:pixelated;background:var(--hair)}
    .grid span{display:-webkit-box;-webkit-box-orient:vertical;-webkit-line-clamp:2;overflow:hidden;\
    margin-top:.3rem;font:.78rem/1.3 "Helvetica Neue",Helvetica,Arial,"Liberation Sans",sans-serif;\
    font-variant-numeric:tabular-nums}
    .grid .detail{margin-top:0;color:var(--muted)}
    footer{margin-top:3.5rem;padding-top:.8rem;border-top:1px solid var(--hair);color:var(--muted);font-size:.88rem}
    @media (max-width:34rem){body{padding:1.5rem 1rem 3rem;font-size:1rem}h1{font-size:1.55rem}nav ol{columns:1}\
    .lead-column{min-width:6rem}    .grid{grid-template-columns:repeat(auto-fill,minmax(4.4rem,1fr))}}
    @media print{body{max-width:none;padding:0;font-size:10.5pt}nav{display:none}h2{break-after:avoid}\
    figure,.grid li,tr{break-inside:avoid}.table{overflow:visible;max-width:none}table{font-size:7pt}th,td{padding-right:.35rem}\
    thead{display:table-header-group}\
    details::details-content{content-visibility:visible;block-size:auto}}

    """
}
