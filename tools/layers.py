#!/usr/bin/env python3
"""Holds the layers of the library: who may include what, and the picture of it.

    tools/layers.py            check, and rewrite the picture in docs/architecture.md
    tools/layers.py --check    check; fail as well where the picture is stale

The table of ranks is cmake/modules.txt. Prints one line per fault, `file:line: what and what to do`.
"""

import re
import sys
from pathlib import Path

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
STANDARD_HEADER = re.compile(r"^[a-z_]+$")  # <vector>; all others have a dot or a folder
FFMPEG = re.compile(r"^lib(av|sw|postproc)\w*/")
ASIO = re.compile(r"^asio(\.hpp|/)")

ASIO_MODULES = {"net", "service"}
FIRST_RANK_WITH_IO = 6
# Ranks below that are cores: no I/O, no threads, no clock, no randomness of their own.
NOT_IN_CORES = re.compile(
    r"^(thread|condition_variable|future|semaphore|latch|barrier|iostream|fstream|filesystem|random|coroutine|"
    r"unistd\.h|fcntl\.h|poll\.h|pthread\.h|(sys|netinet|arpa|net)/.*)$"
)
CLOCK = re.compile(r"\b(steady|system|high_resolution)_clock::now\b")

BEGIN, END = "<!-- layers: begin, made by tools/layers.py -->", "<!-- layers: end -->"


class Tree:
    """The table of modules and the files under `root`."""

    def __init__(self, root):
        self.root = Path(root)
        self.rank = {}
        self.never = set()
        for line in (self.root / "cmake/modules.txt").read_text().splitlines():
            words = line.split("#")[0].split()
            if words and words[0] == "never":
                self.never.add((words[1], words[2]))
            elif words:
                self.rank.update({module: int(words[0]) for module in words[1:]})
        self.uses = {module: self._declared_uses(module) for module in self.rank}

    def _declared_uses(self, module):
        path = self.root / "lib" / module / "CMakeLists.txt"
        text = re.sub(r"#.*", "", path.read_text()) if path.exists() else ""
        match = re.search(r"\bUSES\b(.*?)(\bPUBLIC\b|\bPRIVATE\b|\bSOURCES\b|\))", text, re.S)
        return set(match.group(1).split()) if match else set()

    def all_uses(self, module):
        seen, todo = set(), [module]
        while todo:
            for used in self.uses.get(todo.pop(), ()):
                if used not in seen:
                    seen.add(used)
                    todo.append(used)
        return seen

    def exists(self, module):
        return (self.root / "lib" / module / "CMakeLists.txt").exists()

    def files(self, *folders):
        for folder in folders:
            for path in sorted((self.root / folder).rglob("*")):
                if path.suffix in (".hpp", ".cpp", ".h"):
                    yield path


def check_module(tree, module, path, public):
    """The faults of one file of a module, as (line, text)."""
    includes = []
    in_core = tree.rank[module] < FIRST_RANK_WITH_IO
    for number, line in enumerate(path.read_text().splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            if in_core and CLOCK.search(line.split("//")[0]):
                yield number, "a core reads no clock: take a TimePoint `now`"
            continue
        quoted, name = match.group(1) == '"', match.group(2)
        includes.append(name)
        if name.startswith("streamkit/"):
            yield from check_edge(tree, module, number, name)
        elif ASIO.match(name):
            if module not in ASIO_MODULES:
                yield number, f"<{name}>: Asio belongs to net and service only"
        elif FFMPEG.match(name):
            if module != "av" or public:
                yield number, f"<{name}>: FFmpeg belongs to the bodies of av only"
        elif in_core and NOT_IN_CORES.match(name):
            yield number, f"<{name}>: a core has no I/O, no threads, no clock and no randomness of its own"
        elif public and (quoted or not STANDARD_HEADER.match(name)):
            yield number, f"{name}: a public header shows no third-party header and no private one"

    if path.suffix == ".cpp":
        own = f"streamkit/{module}/{path.stem}.hpp"
        if not (tree.root / "include" / own).exists():
            own = f"{path.stem}.hpp" if path.with_suffix(".hpp").exists() else None
        if own and includes[:1] != [own]:
            yield 1, f'the own header comes first: #include "{own}"'


def check_edge(tree, module, number, name):
    parts = name.split("/")
    if len(parts) == 2:  # streamkit/version.hpp belongs to no module
        return
    used = parts[1]
    if used == module:
        return
    if used not in tree.rank:
        yield number, f"{name}: {used} is not in cmake/modules.txt"
    elif tree.rank[used] >= tree.rank[module]:
        yield number, f"{module} (rank {tree.rank[module]}) includes {used} (rank {tree.rank[used]}): only lower ranks"
    elif (module, used) in tree.never:
        yield number, f"{module} must not include {used}: it comes in as an interface of media"
    elif tree.exists(module) and used not in tree.all_uses(module):
        yield number, f"lib/{module}/CMakeLists.txt does not say that it USES {used}"


def check_user(tree, path):
    """Programs and examples see public headers only."""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        match = INCLUDE.match(line)
        if match and FFMPEG.match(match.group(2)):
            yield number, f"<{match.group(2)}>: programs reach FFmpeg through streamkit/av"
        elif match and "lib/" in match.group(2):
            yield number, f"{match.group(2)}: programs and examples include public headers only"


def check(tree):
    faults = []

    def add(path, found):
        faults.extend(f"{path.relative_to(tree.root)}:{line}: {text}" for line, text in found)

    for top in ("include/streamkit", "lib"):
        for path in tree.files(top):
            module = path.relative_to(tree.root / top).parts[0]
            if module in tree.rank:
                add(path, check_module(tree, module, path, public=top != "lib"))
            else:
                add(path, [(1, f"the folder {module} is not in cmake/modules.txt")])
    for path in tree.files("apps", "examples"):
        add(path, check_user(tree, path))
    return faults


def component_of(tree, module):
    if module == "av":
        return "av"
    return "core" if tree.rank[module] < FIRST_RANK_WITH_IO else "net"


def picture(tree):
    """The layers as a mermaid graph: a box per rank, highest on top."""
    ranks = sorted({tree.rank[m] for m in tree.rank if tree.exists(m)}, reverse=True)
    lines = ["```mermaid", "flowchart TB", '    programs["apps, examples"]']
    for rank in ranks:
        lines.append(f'    subgraph rank{rank}["rank {rank}"]')
        lines.append("        direction LR")
        for module in (m for m in tree.rank if tree.rank[m] == rank and tree.exists(m)):
            lines.append(f"        {module}:::{component_of(tree, module)}")
        lines.append("    end")
    chain = ["programs"] + [f"rank{rank}" for rank in ranks]
    lines.append("    " + " --> ".join(chain))
    lines.append("    classDef core fill:#e8f1fb,stroke:#4a7ab5,color:#123")
    lines.append("    classDef net fill:#e9f7ec,stroke:#4a9a5f,color:#123")
    lines.append("    classDef av fill:#fdf1e0,stroke:#c08a3a,color:#123")
    lines.append("```")
    lines.append("")
    lines.append("Blue is the component `streamkit::core`, green `streamkit::net`, orange `streamkit::av`.")
    return "\n".join(lines)


def update_picture(tree, check_only):
    """Rewrites the picture; returns faults."""
    path = tree.root / "docs/architecture.md"
    text = path.read_text()
    if BEGIN not in text or END not in text:
        return [f"docs/architecture.md:1: the marks of the layer picture are gone: {BEGIN} … {END}"]
    head, rest = text.split(BEGIN, 1)
    tail = rest.split(END, 1)[1]
    new = f"{head}{BEGIN}\n\n{picture(tree)}\n\n{END}{tail}"
    if new == text:
        return []
    if check_only:
        return ["docs/architecture.md:1: the layer picture is stale: run tools/layers.py"]
    path.write_text(new)
    return []


def main(arguments):
    tree = Tree(Path(__file__).resolve().parent.parent)
    faults = check(tree) + update_picture(tree, "--check" in arguments)
    print("\n".join(faults) if faults else "layers: ok")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
