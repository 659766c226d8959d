"""How well an index finds what it holds, and what that costs: measured with one's own pictures."""

from screening.benchmark.compare import Comparison, compare, read_run
from screening.benchmark.errors import BenchmarkError
from screening.benchmark.files import write
from screening.benchmark.measure import run
from screening.benchmark.result import BenchmarkRun
from screening.benchmark.words import as_csv, as_text

__all__ = [
    "BenchmarkError",
    "BenchmarkRun",
    "Comparison",
    "as_csv",
    "as_text",
    "compare",
    "read_run",
    "run",
    "write",
]
