"""The style of the page that explains: light and dark."""

STYLE = """
:root{color-scheme:light dark;--paper:#fff;--ink:#1d1f22;--soft:#5b626b;--line:#d9dde2;
--adds:214,69,65;--takes:0,95,180}
@media (prefers-color-scheme:dark){:root{--paper:#15181b;--ink:#e7e9ec;--soft:#a4abb3;--line:#343a41;
--adds:240,100,90;--takes:90,160,245}}
*{box-sizing:border-box}
body{margin:0;font:16px/1.6 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;background:var(--paper);
color:var(--ink)}
main{max-width:900px;margin:0 auto;padding:24px 20px}
h1{font-size:1.5rem}h2{font-size:1.2rem;margin:0}h3{font-size:.95rem;margin:16px 0 4px;color:var(--soft)}
article{border-top:1px solid var(--line);padding:20px 0}
blockquote{margin:8px 0;padding-left:12px;border-left:3px solid var(--line);white-space:pre-wrap;overflow-wrap:anywhere}
.tokens{line-height:2}
.tokens span{padding:2px 4px;border-radius:4px;overflow-wrap:anywhere}
.adds{background:rgba(var(--adds),calc(.6*var(--much)))}
.takes{background:rgba(var(--takes),calc(.6*var(--much)))}
"""
