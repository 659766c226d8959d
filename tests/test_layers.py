"""Imports only point down."""

import ast
from pathlib import Path

import pytest

import reference_index
import screening

# Each layer may import itself and what stands before it.
REFERENCE_INDEX = (
    {"errors"},
    {"records", "fingerprint", "candidates", "calibration"},
    {"null_fit"},
    {"vectors"},
    {"local_features", "local_lists", "local_coarse", "local_votes"},
    {"storage", "vector_files", "directory", "tombstones", "manifest", "catalog", "vector_rows"},
    {"local_builder", "vector_builder", "vector_source", "segments"},
    {"local_neighbors"},
    {"face_levels", "vector_levels"},
    {"hash_search", "local_search", "face_search", "vector_search", "live_records", "image_checks"},
    {"index"},
    {"writer", "verify"},
)
SCREENING = (
    {"errors", "version", "replacing", "digests", "toml_lines"},
    {"images", "models"},
    {"signals", "names"},
    {"matching"},
    {"decision", "generation"},
    {"result"},
    {"evaluation", "demo", "config", "people", "said", "prompt_files"},
    {"embedders", "production"},
    {"weights"},
    {"examine"},
    {"worker"},
    {"batch"},
    {"enrollment"},
    {"calibration"},
    {"benchmark"},
    {"inputs"},
    {"screener"},
    {"report"},
    {"approvals", "deliverables"},
    {"cli"},
)


def imports_of(package: Path, name: str) -> list[tuple[str, str]]:
    """Return (importing module, imported module of the same package) for every import."""
    found = []
    for file in sorted(package.rglob("*.py")):
        own = file.relative_to(package).with_suffix("").parts[0]
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
                modules = [node.module]
            elif isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            else:
                continue
            for module in modules:
                top, *rest = module.split(".")
                if top == name and rest:
                    found.append((own, rest[0]))
    return found


@pytest.mark.parametrize(
    ("package", "layers"),
    [
        pytest.param(reference_index, REFERENCE_INDEX, id="reference_index"),
        pytest.param(screening, SCREENING, id="screening"),
    ],
)
def test_imports_only_point_down(package, layers):
    """A module imports its own layer or one below it, and every module has a layer."""
    level = {name: height for height, layer in enumerate(layers) for name in layer}
    folder = Path(package.__file__).parent
    for importing, imported in imports_of(folder, package.__name__):
        if importing in {"__init__", "__main__"}:
            continue
        assert importing in level, f"{importing} has no layer"
        assert level[imported] <= level[importing], f"{importing} imports {imported}"


@pytest.mark.parametrize(
    ("package", "layers"),
    [
        pytest.param(reference_index, REFERENCE_INDEX, id="reference_index"),
        pytest.param(screening, SCREENING, id="screening"),
    ],
)
def test_every_module_has_one_layer(package, layers):
    """What is listed is there, what is there is listed, and nothing twice."""
    folder = Path(package.__file__).parent
    there = {file.relative_to(folder).with_suffix("").parts[0] for file in folder.rglob("*.py")}
    listed = [name for layer in layers for name in layer]
    assert sorted(listed) == sorted(there - {"__init__", "__main__"})


def test_the_index_knows_nothing_of_images():
    """reference_index imports neither screening nor an image library."""
    folder = Path(reference_index.__file__).parent
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            modules = []
            if isinstance(node, ast.ImportFrom):
                modules = [node.module or ""]
            elif isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            for module in modules:
                assert module.split(".")[0] not in {"screening", "PIL", "cv2"}, file
