#!/usr/bin/env python3
"""Reads the captures of a folder of runs with tshark, point by point.

Fails where tshark finds a malformed packet, a wrong checksum, or a surprise in its TCP analysis that the run's own
events do not explain: lost, retransmitted or reordered segments in a run without resets, drops, path changes and
impaired links.
"""

import json
import pathlib
import subprocess
import sys

CHECKS = ["-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE"]
BROKEN = "_ws.malformed || ip.checksum.status == 0 || tcp.checksum.status == 0 || udp.checksum.status == 0 || icmp.checksum.status == 0"
SURPRISE = "tcp.analysis.retransmission || tcp.analysis.lost_segment || tcp.analysis.out_of_order || tcp.analysis.ack_lost_segment"
EXPLAINS = {"drop", "reset", "answer", "path", "impairment", "fault"}


def tshark(capture, display_filter):
    command = ["tshark", "-n", "-r", str(capture), *CHECKS, "-Y", display_filter]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return [f"tshark fails: {done.stderr.strip()}"]
    return done.stdout.splitlines()


def explained(run):
    """Whether the run's own events tell of anything that disturbs a connection."""
    with open(run / "events.ndjson", encoding="utf-8") as events:
        return any(json.loads(line).get("kind") in EXPLAINS for line in events)


def main():
    root = pathlib.Path(sys.argv[1])
    captures = sorted(root.glob("**/captures/*.pcapng"))
    if not captures:
        sys.exit(f"no captures under {root}")
    wrong = 0
    for capture in captures:
        for line in tshark(capture, BROKEN)[:3]:
            print(f"{capture.relative_to(root)}: broken: {line}")
            wrong += 1
        run = capture.parent.parent
        surprises = tshark(capture, SURPRISE)
        if surprises and not explained(run):
            print(f"{capture.relative_to(root)}: unexplained: {surprises[0]}")
            wrong += 1
    print(f"{len(captures)} captures, {wrong} with something wrong")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
