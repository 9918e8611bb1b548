#!/usr/bin/env python3
"""Runs the commands that README.md shows, and fails where it shows something else than they print."""

import pathlib
import re
import subprocess
import sys

FILES = {"change.yaml": "- create-vpc-endpoint: {vpc: bat, service: s3, route-tables: bat_rtb_ngw}\n", "mine.yaml": None}
TOUR = "scenarios/gateway-endpoint/creating-an-endpoint-resets-open-connections.yaml"


def main():
    program, readme = sys.argv[1], pathlib.Path("README.md").read_text(encoding="utf-8")
    for name, text in FILES.items():
        if text:
            pathlib.Path(name).write_text(text, encoding="utf-8")
    wrong = shown = 0
    for block in re.findall(r"^```text\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL):
        commands = re.split(r"^\$ vpclab (.*)\n", block, flags=re.MULTILINE)
        for arguments, expected in zip(commands[1::2], commands[2::2]):
            shown += 1
            done = subprocess.run([program, *arguments.split()], capture_output=True, text=True, check=False)
            if (done.stdout + done.stderr).rstrip("\n") != expected.rstrip("\n"):
                wrong += 1
                print(f"README.md shows something else than `vpclab {arguments}` prints:\n{done.stdout}{done.stderr}")
    # The tour is the beginning of a longer output.
    tour = re.search(r"^```text\n(Creating an endpoint.*?)^```$", readme, re.MULTILINE | re.DOTALL).group(1)
    done = subprocess.run([program, "run", TOUR, "--only", "client"], capture_output=True, text=True, check=False)
    shown += 1
    if not done.stdout.startswith(tour):
        wrong += 1
        print(f"README.md's tour is not how the output begins:\n{done.stdout}")
    for name in FILES:
        pathlib.Path(name).unlink(missing_ok=True)
    print(f"{shown} commands of README.md, {wrong} with another output")
    sys.exit(1 if wrong or not shown else 0)


if __name__ == "__main__":
    main()
