"""Adds up what the suites of scripts/test reported.

In: a folder with `suites` (one line each: name, exit code), NAME.xml (JUnit, as ctest, lit and pytest write it) and NAME.log.
Out: every failed test with its output, then `N passed, N failed, N skipped`. A suite that left no report, ran nothing, or
ended badly although no test failed counts as one failure. Exit 1 when anything failed, or nothing ran.
"""

import pathlib
import sys
import xml.etree.ElementTree as xml

SHOWN_LINES = 60  # of one failing test's output


def tail(text):
    return "\n".join((text or "").strip().splitlines()[-SHOWN_LINES:])


def verdict(case):
    """passed, failed or skipped. ctest marks a disabled or skipped test in `status`, the others with a child element."""
    children = {child.tag for child in case}
    if children & {"failure", "error"} or case.get("status") == "fail":
        return "failed"
    if "skipped" in children or case.get("status") in ("notrun", "disabled"):
        return "skipped"
    return "passed"


def output(case):
    parts = []
    for child in case:
        if child.tag in ("failure", "error", "system-out", "system-err"):
            parts.append(child.text or child.get("message") or "")
    return tail("\n".join(part for part in parts if part.strip()))


def tally(folder):
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    listed = folder / "suites"
    suites = [line.split() for line in listed.read_text().splitlines()] if listed.exists() else []
    for name, code in suites:
        report, log = folder / f"{name}.xml", folder / f"{name}.log"
        try:
            cases = list(xml.parse(report).getroot().iter("testcase"))
        except (OSError, xml.ParseError) as error:
            print(f"FAILED {name}: no report ({error}), exit {code}\n{tail(log.read_text(errors='replace'))}\n")
            counts["failed"] += 1
            continue
        verdicts = [verdict(case) for case in cases]
        for case, result in zip(cases, verdicts):
            counts[result] += 1
            if result == "failed":
                print(f"FAILED {name}: {case.get('classname', '')} {case.get('name')}\n{output(case)}\n")
        if "failed" not in verdicts and (code != "0" or not verdicts):
            print(f"FAILED {name}: {len(verdicts)} tests, exit {code}\n{tail(log.read_text(errors='replace'))}\n")
            counts["failed"] += 1
        print(f"{name}: " + ", ".join(f"{verdicts.count(result)} {result}" for result in counts))
    return counts


if __name__ == "__main__":
    counts = tally(pathlib.Path(sys.argv[1]))
    print("{passed} passed, {failed} failed, {skipped} skipped".format(**counts))
    sys.exit(counts["failed"] > 0 or counts["passed"] == 0)
