#!/usr/bin/env python3
"""Sums JUnit files that CTest wrote: prints `N passed, N failed`, and fails where a test failed or none ran."""

import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

passed = failed = 0
for name in sys.argv[1:]:
    if not Path(name).exists():  # a pattern of the shell that matched nothing
        continue
    suite = ElementTree.parse(name).getroot()
    # CTest counts a test whose program was not built as skipped.
    missing = sum("Unable to find executable" in s.get("message", "") for s in suite.iter("skipped"))
    tests, bad = int(suite.get("tests", 0)), int(suite.get("failures", 0)) + missing
    off = int(suite.get("skipped", 0)) + int(suite.get("disabled", 0)) - missing
    print(f"{name}: {tests - bad - off} passed, {bad} failed, {off} skipped")
    passed += tests - bad - off
    failed += bad
print(f"{passed} passed, {failed} failed")
sys.exit(1 if failed or not passed else 0)
