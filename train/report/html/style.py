"""The style sheet: light and dark, phone and paper; Okabe and Ito's colours, darkened or lightened to be read."""

STYLE = """
:root{color-scheme:light dark;--paper:#fff;--ink:#1d1f22;--soft:#5b626b;--line:#d9dde2;--wash:#f4f6f8;
--blue:#005f96;--orange:#b34700;--green:#00724f;--grey:#9aa1a9;--shade:0,95,150}
@media (prefers-color-scheme:dark){:root{--paper:#15181b;--ink:#e7e9ec;--soft:#a4abb3;--line:#343a41;--wash:#1d2125;
--blue:#62b6ec;--orange:#f59a5b;--green:#3fc79a;--grey:#6a727b;--shade:98,182,236}}
*{box-sizing:border-box}
html{font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif;background:var(--paper);
color:var(--ink);-webkit-text-size-adjust:100%}
body{margin:0}
main,header,footer{max-width:1200px;margin:0 auto;padding:0 20px}
header{padding-top:40px}
h1{font-size:1.9rem;line-height:1.2;margin:0 0 4px;letter-spacing:-.01em;overflow-wrap:anywhere}
h2{font-size:1.25rem;margin:52px 0 12px;letter-spacing:-.005em}
p{margin:0 0 10px;max-width:74ch}
small,.note,figcaption,footer{color:var(--soft);font-size:.84rem}
small{display:block}
figcaption b{color:var(--ink)}
.verdict{font-size:1.25rem;line-height:1.45;max-width:60ch;margin:20px 0 8px}
.skip{position:absolute;left:-9999px}
.skip:focus{left:12px;top:12px;background:var(--paper);padding:8px 12px;z-index:2}
nav{margin:22px 0 0;display:flex;flex-wrap:wrap;gap:4px 18px;font-size:.9rem}
a{color:var(--blue)}
:focus-visible{outline:3px solid var(--orange);outline-offset:2px;border-radius:2px}
.scroll{overflow-x:auto;margin:0 0 14px}
table{border-collapse:collapse;font-size:.88rem;font-variant-numeric:tabular-nums;width:100%}
caption{text-align:left;color:var(--soft);font-size:.84rem;padding:0 0 8px}
th,td{padding:7px 10px;text-align:right;border-bottom:1px solid var(--line);vertical-align:middle;white-space:nowrap}
thead th{border-bottom:2px solid var(--line);color:var(--soft);font-weight:600;vertical-align:bottom;white-space:normal}
.head,.word{text-align:left}
thead th:first-child{text-align:left}
tbody th{font-weight:600}
tbody th small{font-weight:400;white-space:normal;max-width:15rem;min-width:9rem;line-height:1.3}
.long{white-space:normal;overflow-wrap:anywhere;text-align:left;min-width:12rem}
tr.floor th span,tr.floor td{color:var(--soft)}
tbody tr:hover{background:var(--wash)}
th button{all:unset;cursor:pointer;font:inherit;color:inherit}
th button:focus-visible{outline:3px solid var(--orange);outline-offset:3px}
th button::after{content:" \\2195";color:var(--grey)}
th[aria-sort=ascending] button::after{content:" \\2191";color:var(--ink)}
th[aria-sort=descending] button::after{content:" \\2193";color:var(--ink)}
.interval svg{display:block;margin:0 0 1px auto}
.interval span{font-size:.78rem;color:var(--soft)}
.bar line{stroke:var(--blue);stroke-width:2}
.bar circle{fill:var(--blue)}
tr.floor .bar line{stroke:var(--grey)}
tr.floor .bar circle{fill:var(--grey)}
.shade-1{background:rgba(var(--shade),.08)}.shade-2{background:rgba(var(--shade),.16)}
.shade-3{background:rgba(var(--shade),.24)}.shade-4{background:rgba(var(--shade),.32)}
.shade-5{background:rgba(var(--shade),.4)}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,340px),1fr));gap:8px 40px;align-items:start}
.grid{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,430px),1fr));gap:18px 32px}
.grid.three{grid-template-columns:repeat(auto-fit,minmax(min(100%,310px),1fr))}
figure{margin:0;min-width:0}
figure svg{width:100%;height:auto;display:block}
svg text{font:11px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;fill:var(--soft)}
svg .title{font-weight:600;fill:var(--ink)}
svg .name{fill:var(--ink)}
svg .grid{stroke:var(--line);stroke-width:1}
polyline{fill:none;stroke-width:1.8;stroke-linejoin:round}
.valid{stroke:var(--blue)}
.train{stroke:var(--orange);stroke-dasharray:5 3}
.faint{opacity:.28}
.other{stroke:var(--grey);stroke-width:1;opacity:.7}
.cut{stroke:var(--soft);stroke-width:1;stroke-dasharray:2 3}
.best{fill:var(--green);stroke:var(--paper);stroke-width:1.5}
.spot{fill:var(--blue)}
.spot.floor{fill:var(--grey)}
.whisker{stroke:var(--blue);stroke-width:1.2;opacity:.55}
.whisker.floor{stroke:var(--grey)}
.key{display:flex;flex-wrap:wrap;gap:4px 20px;font-size:.84rem;color:var(--soft)}
.k::before{content:"";display:inline-block;width:22px;margin-right:6px;vertical-align:middle;border-top:2px solid}
.k.valid::before{border-color:var(--blue)}
.k.train::before{border-top:2px dashed var(--orange)}
.k.cut::before{border-top:2px dotted var(--soft)}
.k.best::before{width:9px;height:9px;border:0;border-radius:50%;background:var(--green)}
details{margin:10px 0;border-left:3px solid var(--line);padding:2px 0 2px 14px}
summary{cursor:pointer;color:var(--blue)}
details[open]>summary{margin-bottom:12px}
blockquote{margin:0 0 16px;padding:8px 12px;background:var(--wash);overflow-wrap:anywhere;white-space:pre-wrap;
font-size:.92rem}
.warning{font-weight:600;color:var(--orange)}
pre{background:var(--wash);padding:12px 14px;overflow-x:auto;font-size:.86rem;margin:0 0 10px}
footer{margin-top:60px;padding-bottom:40px}
@media (max-width:560px){main,header,footer{padding-left:14px;padding-right:14px}.verdict{font-size:1.08rem}
h1{font-size:1.5rem}th,td{padding:6px 7px}}
@media print{:root{--paper:#fff;--ink:#000;--soft:#444;--line:#bbb;--wash:#f2f2f2;--blue:#005f96;--orange:#b34700;
--green:#00724f;--grey:#888}
nav,.skip,details:not([open]){display:none}main,header,footer{max-width:none;padding:0}figure,tr,blockquote{break-inside:avoid}
h2{break-after:avoid;margin-top:28px}.scroll{overflow:visible}table{font-size:.68rem}th,td{padding:3px 4px}
pre{white-space:pre-wrap}th button::after{content:""}}
"""
