// The style sheet of the report. Colours are variables, set once for light and once for dark.
//
// The heat map's colours go from orange (slow) over neutral to blue (fast), which all common kinds
// of colour vision tell apart; text on each has a contrast of at least 4.5.
#include "src/harness/report/report_html.h"

namespace octet::harness {

const char* report_css() {
  return R"css(
:root {
  color-scheme: light dark;
  --page: #fbfbfa; --card: #ffffff; --text: #1b1d21; --soft: #5b616b; --line: #e1e3e6;
  --strong-line: #b9bdc4; --head: #f3f4f5; --hover: #f5f7fa; --accent: #0b5cad;
  --bar: #8fb8de; --track: #eceef1; --loss: #a83208; --win: #1b1d21; --warn: #8a5a00;
  --decode: #c2500a; --mid: #007a5e; --prefill: #1f62b5;
  --h0: #b4470c; --h1: #e69350; --h2: #f6cfa3; --h3: #f1eee9; --h4: #cbdff0; --h5: #86b7df;
  --h6: #2468a8;
  --t0: #ffffff; --t1: #2a1200; --t2: #2a1200; --t3: #1b1d21; --t4: #0d2237; --t5: #06192b;
  --t6: #ffffff;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #131518; --card: #1a1d21; --text: #e6e8eb; --soft: #a0a7b1; --line: #2c3036;
    --strong-line: #535a64; --head: #22262b; --hover: #22272e; --accent: #7db7f0;
    --bar: #3c74a8; --track: #262b31; --loss: #ff9a6b; --win: #e6e8eb; --warn: #f0c05a;
    --decode: #ff9c57; --mid: #3fd0a6; --prefill: #74b4f8;
    --h0: #f2853c; --h1: #b35a22; --h2: #6d4429; --h3: #353a41; --h4: #2b4a68; --h5: #2f6da6;
    --h6: #66b2f2;
    --t0: #1c0d02; --t1: #ffffff; --t2: #f7e9df; --t3: #e6e8eb; --t4: #e2eefa; --t5: #ffffff;
    --t6: #03182c;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 32px 28px 64px; max-width: 1560px;
  background: var(--page); color: var(--text);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
}
h1 { font-size: 26px; line-height: 1.2; margin: 0 0 4px; letter-spacing: -0.01em; }
h2 { font-size: 20px; line-height: 1.25; margin: 0; letter-spacing: -0.005em; }
h3 { font-size: 15px; margin: 0 0 8px; }
p { margin: 0; }
a { color: var(--accent); }
.sub, .note, figcaption { color: var(--soft); font-size: 13px; }
.note, figcaption { margin-top: 8px; max-width: 110ch; }
header { margin-bottom: 24px; }
section {
  background: var(--card); border: 1px solid var(--line); border-radius: 8px;
  padding: 22px 24px 24px; margin: 0 0 24px;
}
section .sub { margin: 2px 0 16px; }
figure { margin: 28px 0 0; }
section > h3 { margin-top: 28px; }
.scroll { overflow-x: auto; }
.tall { max-height: 78vh; overflow: auto; border: 1px solid var(--line); border-radius: 6px; }
table { border-collapse: separate; border-spacing: 0; font-variant-numeric: tabular-nums; }
.data { font-size: 13px; }
.rows { min-width: 100%; }
.data th, .data td {
  padding: 4px 10px; text-align: left; white-space: nowrap; border-bottom: 1px solid var(--line);
}
.data thead th {
  position: sticky; top: 0; z-index: 1; background: var(--head); color: var(--soft);
  font-weight: 600; border-bottom: 1px solid var(--strong-line);
}
.data tbody tr:hover td, .data tbody tr:hover th { background-color: var(--hover); }
.data tbody tr:last-child td, .data tbody tr:last-child th { border-bottom: 0; }
.data tbody tr.starts td { border-top: 1px solid var(--strong-line); }
.phases tbody tr:last-child td, .phases tbody tr:last-child th {
  border-top: 1px solid var(--strong-line);
}
.data th.num, .data td.num { text-align: right; }
.data th.wide { min-width: 128px; }
.rows .dot { float: left; margin-top: 6px; }
.data td.bar {
  background-image: linear-gradient(var(--bar), var(--bar)),
    linear-gradient(var(--track), var(--track));
  background-repeat: no-repeat; background-position: 8px center;
  background-size: calc((100% - 52px) * var(--p)) 10px, calc(100% - 52px) 10px;
}
.strong { font-weight: 600; }
.soft, .why, .none { color: var(--soft); }
.loss { color: var(--loss); }
.warn { color: var(--warn); }
.code {
  font: 12px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
abbr { text-decoration: none; cursor: help; margin-right: 2px; }
.dot { display: inline-block; width: 8px; height: 8px; margin-right: 7px; border-radius: 50%; }
.dot.decode { background: var(--decode); }
.dot.mid { background: var(--mid); border-radius: 1px; }
.dot.prefill {
  background: var(--prefill); border-radius: 0; clip-path: polygon(50% 0, 100% 100%, 0 100%);
}
.legend, .scale {
  display: flex; flex-wrap: wrap; gap: 4px 18px; align-items: center; font-size: 13px;
  color: var(--soft); margin-bottom: 10px;
}
.legend span { display: inline-flex; align-items: center; gap: 6px; }
.key { width: 14px; height: 14px; }
.roofline { display: block; width: 100%; min-width: 760px; height: auto; }
.roofline text { font-size: 12px; fill: var(--soft); font-variant-numeric: tabular-nums; }
.roofline .axis { font-size: 12.5px; }
.roofline .rooflabel {
  font-size: 12.5px; font-weight: 600; fill: var(--text); paint-order: stroke;
  stroke: var(--card); stroke-width: 4px; stroke-linejoin: round;
}
.minor { stroke: var(--line); stroke-width: 0.6; }
.major { stroke: var(--line); stroke-width: 1.4; }
.roof { stroke: var(--text); stroke-width: 1.6; }
.mark { stroke: var(--card); stroke-width: 1; fill-opacity: 0.88; }
.mark:hover { stroke: var(--text); stroke-width: 2; }
.mark.decode { fill: var(--decode); }
.mark.mid { fill: var(--mid); }
.mark.prefill { fill: var(--prefill); }
.heat { display: block; }
.heat text { font-size: 13px; fill: currentColor; font-variant-numeric: tabular-nums; }
.heat .label { fill: var(--soft); }
.heat .lead { fill: var(--text); font-weight: 500; }
.heat .head { fill: var(--head); }
.heat .decode { fill: var(--decode); }
.heat .mid { fill: var(--mid); }
.heat .prefill { fill: var(--prefill); }
.heat .corner { fill: currentColor; }
.cell { cursor: default; }
.cell:hover rect { stroke: var(--text); stroke-width: 2; }
.cell.none { fill: none; color: var(--soft); }
.cell.wrong { fill: var(--loss); color: var(--card); font-weight: 700; }
.compute {
  background-image: linear-gradient(225deg, currentColor 5px, transparent 5.5px);
  background-clip: padding-box;
}
.scale { gap: 3px; }
.scaletitle { margin-right: 8px; }
.swatch {
  padding: 2px 10px; border-radius: 3px; font-size: 12px; font-variant-numeric: tabular-nums;
}
.swatch.plain { margin-left: 10px; border: 1px solid var(--strong-line); color: var(--text); }
.h0 { background-color: var(--h0); color: var(--t0); fill: var(--h0); }
.h1 { background-color: var(--h1); color: var(--t1); fill: var(--h1); }
.h2 { background-color: var(--h2); color: var(--t2); fill: var(--h2); }
.h3 { background-color: var(--h3); color: var(--t3); fill: var(--h3); }
.h4 { background-color: var(--h4); color: var(--t4); fill: var(--h4); }
.h5 { background-color: var(--h5); color: var(--t5); fill: var(--h5); }
.h6 { background-color: var(--h6); color: var(--t6); fill: var(--h6); }
details { margin-top: 18px; }
summary { cursor: pointer; color: var(--accent); margin-bottom: 8px; }
.environment {
  display: grid; gap: 0 32px; grid-template-columns: repeat(auto-fill, minmax(420px, 1fr));
}
.environment div { display: flex; gap: 12px; border-bottom: 1px solid var(--line); padding: 3px 0; }
dl { margin: 0 0 16px; }
dt { flex: 0 0 130px; color: var(--soft); font-size: 13px; }
dd { margin: 0; font-size: 13px; overflow-wrap: anywhere; }
footer { color: var(--soft); font-size: 13px; }
@media (max-width: 700px) {
  body { padding: 16px 10px 40px; }
  section { padding: 14px 12px 16px; }
  .environment { grid-template-columns: 1fr; }
}
@media print {
  body { max-width: none; padding: 0; }
  .tall { max-height: none; overflow: visible; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
)css";
}

}  // namespace octet::harness
