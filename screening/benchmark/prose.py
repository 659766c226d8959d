"""What the page of a run says whatever was measured: its style, and how to read it."""

from collections.abc import Mapping

STYLE = """
:root { color-scheme: light; --ink: #1a1a1a; --gray: #5c5c5c; --line: #dedede; --soft: #f6f6f4; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 68rem; padding: 2.5rem 1.5rem 4rem; color: var(--ink);
  background: #fff; font: 16px/1.55 system-ui, -apple-system, "Segoe UI", sans-serif; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .3rem; }
h2 { font-size: 1.25rem; margin: 2.8rem 0 .6rem; }
p, li { max-width: 46rem; } .quiet { color: var(--gray); }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(13rem, 1fr)); gap: .8rem;
  margin: 1.6rem 0; }
.card { background: var(--soft); border: 1px solid var(--line); border-radius: 8px;
  padding: .9rem 1rem; }
.card b { display: block; font-size: 1.9rem; line-height: 1.2; font-variant-numeric: tabular-nums; }
.card span { color: var(--gray); font-size: .88rem; display: block; line-height: 1.35; }
.point { border-left: 4px solid #0072B2; padding: .2rem 0 .2rem 1rem; margin: 1.2rem 0; }
.warning { border-left: 4px solid #D55E00; padding: .2rem 0 .2rem 1rem; margin: 1.2rem 0; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .92rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .42rem 1.4rem .42rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top; }
thead th { color: var(--gray); font-weight: 600; } tbody th { font-weight: 500; }
td.broken { color: #a83c00; font-weight: 600; } td.unchecked, td.unsupported { color: var(--gray); }
.curves { display: grid; grid-template-columns: repeat(auto-fit, minmax(24rem, 1fr)); gap: 1.2rem; }
figure { margin: 0; border: 1px solid var(--line); border-radius: 8px; padding: .4rem; }
figure svg { display: block; width: 100%; height: auto; }
figcaption { color: var(--gray); font-size: .88rem; padding: 0 .6rem .5rem; }
code { font-size: .85em; overflow-wrap: anywhere; }
@media (max-width: 30rem) { .curves { grid-template-columns: 1fr; } }
@media print { body { padding: 0; max-width: none; } h2 { break-after: avoid; }
  figure, .card { break-inside: avoid; } }
"""

CAPTIONS: Mapping[str, str] = {
    "det": "Lower and further left is better; every step is a threshold. In the gray strip not one "
    "false alarm was seen, and how rare they are cannot be told from this background.",
    "precision_recall": "Of everything at or above a threshold, how much is right. False matches "
    "of the positives count too.",
    "reliability": "A dot above the shade is a promise broken. One below is kept with room to "
    "spare, as fused ones mostly are: they bound what several channels find together.",
    "load": "What is found, for what a reviewer is given to look at in vain.",
}

PROMISES = """<p>Unrelated images of the report half with a false alarm, at thresholds that the
other half gave; in brackets, where 95 % of true promises lie.</p>"""

LIMITS = """
<li>No image is in both halves, identical files count once, and all queries of a record are in one
half.</li>
<li>Other pictures have other false alarms: a background should be like what will be screened.</li>
<li>The calibration was made for this run, from one half of the background. The one that the index
may have, and the figures that ship, played no part.</li>
<li>A match says that pictures are alike, not that a right is infringed.</li>
"""

NOT_DRAWN = """<h2>Curves</h2><p>Not drawn: matplotlib is not installed.
<code>pip install 'screening[plots]'</code>, and run again.</p>"""

READING = """<ul>
<li><b>False alarms per image</b>: how many records that have nothing to do with a picture are taken
for a match, on average. 1 in 1,000 is one such finding in a thousand pictures. It is the unit of
<code>--flag-at</code>.</li>
<li><b>Recall</b>: the share of positives whose record is found. At a promise it is what a scan with
that threshold finds, calibrated as here.</li>
<li><b>Micro-AP</b>: precision averaged over the ranks of all true pairs, all queries ranked
together; 1 is perfect. Among equal scores false pairs rank first.</li>
<li><b>Intervals</b> are of 95 %. Recall and micro-AP: bootstrap, all queries of a record drawn
together; one from 1 to 1 says that no query was missed, not that none ever is. Load: Wilson.
Promises: beta-binomial, with the chance of both halves in it.</li>
<li><b>Fused</b> is what a scan reports: the best of the channels, times the number of
channels.</li>
<li><b>The recommended point</b> was chosen on one half of the pictures; what is told of it is from
the other.</li>
</ul>"""
