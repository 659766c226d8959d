import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# the wheel has no training code, so its tests do not run beside it
collect_ignore_glob = [] if (ROOT / "training").is_dir() else ["test_*.py"]
if not collect_ignore_glob:
    sys.path.insert(0, str(ROOT))
