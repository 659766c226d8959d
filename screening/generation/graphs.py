"""ComfyUI's graphs: which texts reach a sampler, on which side, and what was loaded.

Links are followed from samplers back to encoders. Nodes that nobody knows are read like all
others; where no text can be traced, every text of the graph is kept.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from screening.generation.generation import PromptKind
from screening.generation.leaves import Leaf, keep, leaves
from screening.generation.reading import Reading

_MAX_NODES = 10_000
_MAX_STEPS = 100_000
_TOOL = "ComfyUI"
_DEFAULT_PREFIX = "ComfyUI"

_NEGATIVE = re.compile(r"negative|uncond")
_POSITIVE = re.compile(r"positive|^cond|^text_embeds$")
_NO_TEXT = re.compile(
    r"^(model|clip|vae|image|images|pixels|mask|samples|latent\w*|control_net|style_model)\d*$"
)
_ZEROED = "ConditioningZeroOut"
_CONTROLS = frozenset(
    ("fixed", "randomize", "increment", "decrement", "enable", "disable", "image")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One node. values: name and value. links: name of the input, source node, its output."""

    kind: str
    values: tuple[tuple[str, Any], ...] = ()
    links: tuple[tuple[str, str, int], ...] = field(default=())

    def sides(self) -> set[PromptKind]:
        """Return the sides that its inputs stand on."""
        return {side for name, _, _ in self.links if (side := side_of(name))}


def side_of(name: str) -> PromptKind | None:
    """Return whether an input takes what is wanted or what is not; None for any other."""
    name = name.lower()
    if _NEGATIVE.search(name):
        return PromptKind.NEGATIVE
    return PromptKind.POSITIVE if _POSITIVE.search(name) else None


def is_graph(value: object) -> bool:
    """Return whether JSON is a graph, be it to be run or to be shown."""
    if not isinstance(value, dict):
        return False
    if isinstance(value.get("nodes"), list) and "links" in value:
        return True
    return any(isinstance(node, dict) and "class_type" in node for node in value.values())


def read_graphs(graphs: list[Mapping[str, Any]], reading: Reading) -> None:
    """Note what graphs say: the one that was run, and the one that is shown if that tells less."""
    reading.tool(_TOOL)
    graphs = sorted(graphs, key=lambda graph: isinstance(graph.get("nodes"), list))
    for graph in graphs:
        if reading.late:
            return
        _read(dict(_nodes(graph, reading)), reading)
        if reading.has_positive:
            return


def _read(nodes: Mapping[str, Node], reading: Reading) -> None:
    reached = _reached(nodes, reading)
    traced = PromptKind.POSITIVE in {side for sides in reached.values() for side in sides}
    for key, node in nodes.items():
        sides = sorted(reached.get(key, ()), reverse=True)
        for name, value in node.values:
            if "Loader" in node.kind and re.search(r"(?<!config)_(name|path)\d*$", name):
                name = f"{'lora' if 'lora' in name.lower() else 'model'}.model"  # noqa: PLW2901
            if value in _CONTROLS or value == _DEFAULT_PREFIX:
                continue
            for side in sides or [PromptKind.OTHER]:
                leaf = keep(reading, name, value, prompt=side)
                if leaf is Leaf.UNKNOWN and sides and isinstance(value, str):
                    reading.prompt(side, value)
                elif leaf is Leaf.SETTING and not traced and isinstance(value, str):
                    reading.prompt(PromptKind.OTHER, value)


def _reached(nodes: Mapping[str, Node], reading: Reading) -> dict[str, set[PromptKind]]:
    """Return the nodes that samplers take their texts from, and for which side."""
    passing = {source for node in nodes.values() for name, source, _ in node.links if side_of(name)}
    ends = {key for key, node in nodes.items() if node.sides()}
    samplers = ends - passing or ends
    stack = [
        (source, output, side)
        for key in samplers
        for name, source, output in nodes[key].links
        if (side := side_of(name))
    ]
    seen, reached = set[tuple[str, int, PromptKind]](), dict[str, set[PromptKind]]()
    while stack:
        step = stack.pop()
        key, output, side = step
        if step in seen or key not in nodes or nodes[key].kind == _ZEROED:
            continue
        if len(seen) >= _MAX_STEPS:
            reading.problem(
                f"graph of more than {_MAX_STEPS:,} links: the others were not followed"
            )
            break
        seen.add(step)
        if key in samplers and ends > samplers:
            continue
        reached.setdefault(key, set()).add(side)
        node = nodes[key]
        # where both sides pass through a node, its outputs are in their order
        taken = {0: PromptKind.POSITIVE, 1: PromptKind.NEGATIVE} if len(node.sides()) > 1 else {}
        for name, source, link_output in node.links:
            wanted = taken.get(output)
            if not _NO_TEXT.search(name.lower()) and side_of(name) in {
                None,
                wanted or side_of(name),
            }:
                stack.append((source, link_output, side))
    return reached


def _nodes(graph: Mapping[str, Any], reading: Reading) -> Iterator[tuple[str, Node]]:
    shown = isinstance(graph.get("nodes"), list)
    found = _shown(graph, reading) if shown else _run(graph, reading)
    for count, pair in enumerate(found):
        if count >= _MAX_NODES:
            reading.problem(f"graph of more than {_MAX_NODES:,} nodes: the others were not read")
            return
        yield pair


def _run(graph: Mapping[str, Any], reading: Reading) -> Iterator[tuple[str, Node]]:
    """Yield the nodes of a graph as it was run: inputs by name."""
    for key, node in graph.items():
        if not isinstance(node, dict) or not isinstance(inputs := node.get("inputs"), dict):
            continue
        values, links = list[tuple[str, Any]](), list[tuple[str, str, int]]()
        for name, value in inputs.items():
            if isinstance(value, list) and len(value) == 2 and str(value[0]) in graph:
                links.append((name, str(value[0]), value[1] if isinstance(value[1], int) else 0))
            else:
                values += leaves(value, reading, name)
        kind = str(node.get("class_type", ""))[:200]
        yield str(key), Node(kind=kind, values=tuple(values), links=tuple(links))


def _shown(graph: Mapping[str, Any], reading: Reading) -> Iterator[tuple[str, Node]]:
    """Yield the nodes of a graph as it is shown: values in order, mostly without names."""
    inner = graph.get("definitions")
    inner = inner.get("subgraphs") if isinstance(inner, dict) else None
    graphs = [graph, *(one for one in inner or () if isinstance(one, dict))]
    for number, one in enumerate(graphs[:200]):
        origins = _origins(one.get("links"))
        for node in one.get("nodes") or ():
            if not isinstance(node, dict):
                continue
            kind = str(node.get("type", ""))[:200]
            inputs = [each for each in node.get("inputs") or () if isinstance(each, dict)]
            links = [
                (str(each.get("name", "")), f"{number}:{origins[link][0]}", origins[link][1])
                for each in inputs
                if isinstance(link := each.get("link"), int) and link in origins
            ]
            values = leaves(node.get("widgets_values"), reading)
            yield (
                f"{number}:{node.get('id')}",
                Node(kind=kind, values=tuple(values), links=tuple(links)),
            )


def _origins(links: Any) -> dict[int, tuple[str, int]]:
    """Return node and output that each link comes from."""
    found: dict[int, tuple[str, int]] = {}
    for link in links if isinstance(links, list) else ():
        if isinstance(link, list) and len(link) >= 5:
            number, origin, output = link[:3]
        elif isinstance(link, dict):
            number, origin, output = (link.get(key) for key in ("id", "origin_id", "origin_slot"))
        else:
            continue
        if isinstance(number, int) and isinstance(output, int):
            found[number] = (str(origin), output)
    return found
