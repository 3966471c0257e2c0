#!/usr/bin/env python3
"""Finds what GCC 12 miscompiles or leaks around coroutines.

    tools/coroutines.py [FILE …]     without a file: all of lib, include, apps, examples, tests and bench

GCC 12.2 destroys these twice when they stand in one expression with `co_await`: the captures of a lambda, and a temporary
aggregate made with braces. So every argument under `co_await` is a named local, a literal, or has a constructor of its own.
A lambda that is itself a coroutine captures nothing: it outlives its captures. And GCC 15 and 16 leak a structured binding
whose initialiser suspends. Prints one line per fault, `file:line: what and what to do`.
"""

import re
import sys
from pathlib import Path

FOLDERS = ("lib", "include", "apps", "examples", "tests", "bench")
CAPTURING_LAMBDA = re.compile(r"\[\s*[^\]\s\[][^\]\[]*\]\s*(\(|\{|mutable\b)")
PLAIN_LAMBDA = re.compile(r"\[\s*\]\s*(\([^()]*\))?[^{};()]*\{[^{}]*\}")
LAMBDA_COROUTINE = re.compile(r"\[\s*[^\]\s\[][^\]\[]*\]\s*\((?:[^()]|\([^()]*\))*\)\s*(?:mutable\s*)?->\s*[\w:]*awaitable\b")
BINDING = re.compile(r"\bauto\s*&{0,2}\s*\[[^\]]*\]\s*=\s*$")
NOISE = re.compile(r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.S)


def blank(match):
    """Keeps lines and columns, and a literal where one was."""
    text = match.group(0)
    fill = "0" if text[0] in "\"'R" else " "
    return "".join(c if c == "\n" else fill for c in text)


def statement(text, at):
    """The full expression around the `co_await` at `at`, as (start, end)."""
    depth = 0
    start = at
    while start > 0:  # back to the start of the statement
        c = text[start - 1]
        if c in ")]}" and not (c == "}" and depth == 0):
            depth += 1
        elif c in "([{":
            if c == "{" and depth == 0:
                break
            depth -= depth > 0
        elif depth == 0 and c in ";}":
            break
        start -= 1
    depth = 0
    end = at
    while end < len(text):
        c = text[end]
        if c in "([{":
            depth += 1
        elif c in ")]}":
            if depth == 0:
                break
            depth -= 1
        elif c == ";" and depth == 0:
            break
        end += 1
    return start, end


def check(text):
    """The faults in a source text, as (line, what)."""
    code = NOISE.sub(blank, text)

    def line(at):
        return code.count("\n", 0, at) + 1

    for match in LAMBDA_COROUTINE.finditer(code):
        yield line(match.start()), "a coroutine lambda with captures: make it a named function with by-value parameters"
    for match in re.finditer(r"\bco_await\b", code):
        start, end = statement(code, match.start())
        before, after = code[start : match.start()], code[match.end() : end]
        if BINDING.search(before):
            yield line(match.start()), "structured binding of a co_await: bind the result to a name, then `auto& [a, b] = name`"
        if CAPTURING_LAMBDA.search(after) or ("(" in before and CAPTURING_LAMBDA.search(before)):
            yield line(match.start()), "capturing lambda in a co_await expression: make it a named local first"
        elif "{" in PLAIN_LAMBDA.sub("", after):
            yield line(match.start()), "braces in a co_await expression: make the object a named local first"


def main(arguments):
    root = Path(__file__).resolve().parent.parent
    paths = [Path(a) for a in arguments]
    if not paths:
        paths = [p for f in FOLDERS for p in sorted((root / f).rglob("*")) if p.suffix in (".cpp", ".hpp")]
    faults = 0
    for path in paths:
        for number, what in check(path.read_text()):
            print(f"{path.relative_to(root) if path.is_relative_to(root) else path}:{number}: {what}")
            faults += 1
    if not faults:
        print("coroutines: ok")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
