#!/usr/bin/env python3
"""Reads the captures of a folder of runs with tshark, each capture point for itself.

Fails where tshark finds a malformed packet, a wrong checksum, or a surprise in its TCP analysis (segments lost, sent
again or out of order) of a connection of which the run's own events tell no reason until then: a drop, a reset, an
answer by ICMP, another path, a segment that was sent again.
"""

import concurrent.futures
import datetime
import json
import os
import pathlib
import re
import subprocess
import sys

CHECKS = ["-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE"]
STATUS = [f"{protocol}.checksum.status" for protocol in ("ip", "tcp", "udp", "icmp", "icmpv6")]
BROKEN = " || ".join(["_ws.malformed", *(f"{field} == 0" for field in STATUS)])
ANALYSIS = [f"tcp.analysis.{what}" for what in ("retransmission", "lost_segment", "out_of_order", "ack_lost_segment")]
WANTED = f"{BROKEN} || {' || '.join(ANALYSIS)}"
FLOW = ["ip.src", "ipv6.src", "tcp.srcport", "ip.dst", "ipv6.dst", "tcp.dstport"]
FIELDS = ["frame.number", "frame.time_epoch", "_ws.malformed", *STATUS, *FLOW, *ANALYSIS]
EXPLAINS = {"dropped", "reset", "answered", "path", "retransmitted"}
ENDPOINT = re.compile(r"\[?[0-9a-f.:]+\]?:\d+")
BROKEN_SHOWN = 3


def rows(capture):
    """What is broken or surprising in a capture, field by field."""
    command = ["tshark", "-n", "-r", str(capture), *CHECKS, "-Y", WANTED, "-T", "fields"]
    command += [word for field in FIELDS for word in ("-e", field)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip())
    return [dict(zip(FIELDS, line.split("\t"))) for line in done.stdout.splitlines()]


def endpoints(value):
    """All that looks like an address with a port, anywhere in an event."""
    if isinstance(value, str):
        return set(ENDPOINT.findall(value))
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return set().union(*(endpoints(one) for one in inside))


def explanations(run):
    """For each connection of a run: the endpoints that it had, and when something first disturbed it."""
    start = json.loads((run / "summary.json").read_text(encoding="utf-8"))["start"]
    start = datetime.datetime.fromisoformat(start.replace("Z", "+00:00")).timestamp()
    flows = {}
    with open(run / "events.ndjson", encoding="utf-8") as events:
        for event in map(json.loads, events):
            name = event.get("flow") or event.get("label")
            if name is None:
                continue
            known, since = flows.get(name, (set(), None))
            known |= endpoints(event)
            if since is None and event["kind"] in EXPLAINS:
                since = start + event["at_ns"] / 1e9
            flows[name] = (known, since)
    return list(flows.values())


def is_broken(row):
    # An ICMP error quotes the beginning of a packet, whose transport checksum nobody can verify.
    quotes = "," in row["ip.src"] + row["ipv6.src"]
    status = [field for field in STATUS if not (quotes and field.startswith(("tcp", "udp")))]
    return bool(row["_ws.malformed"]) or any("0" in row[field].split(",") for field in status)


def end(row, side):
    address, port = row[f"ip.{side}"], row[f"tcp.{side}port"]
    return f"{address}:{port}" if address else f"[{row[f'ipv6.{side}']}]:{port}"


def is_explained(row, flows):
    ends = {end(row, "src"), end(row, "dst")}
    at = float(row["frame.time_epoch"]) + 1e-6
    # What a host sends to itself passes its capture point twice.
    itself = row["ip.src"] + row["ipv6.src"] == row["ip.dst"] + row["ipv6.dst"]
    return itself or any(ends <= known and since is not None and since <= at for known, since in flows)


def look(capture):
    """What is wrong with one capture, as lines."""
    try:
        found = rows(capture)
    except RuntimeError as error:
        return [f"tshark fails: {error}"]
    broken = [f"frame {row['frame.number']} is broken: {row}" for row in found if is_broken(row)][:BROKEN_SHOWN]
    surprises = [row for row in found if not is_broken(row) and any(row[field] for field in ANALYSIS)]
    if not surprises:
        return broken
    flows = explanations(capture.parent.parent)
    unexplained = [row for row in surprises if not is_explained(row, flows)]
    return broken + [f"frame {row['frame.number']} is unexplained: {row}" for row in unexplained[:1]]


def main():
    root = pathlib.Path(sys.argv[1])
    # The capture of all points at once holds the same packets again, each several times.
    captures = sorted(root.glob("**/captures/*.pcapng"))
    if not captures:
        sys.exit(f"no captures under {root}")
    wrong = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as workers:
        for capture, lines in zip(captures, workers.map(look, captures)):
            for line in lines:
                print(f"{capture.relative_to(root)}: {line}")
            wrong += bool(lines)
    print(f"{len(captures)} captures, {wrong} with something wrong")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
