#!/usr/bin/env python3
"""Runs the commands that README.md shows, and fails where it shows something else than they print, or where they exit
otherwise than what it shows says. Writes into a folder of its own."""

import pathlib
import re
import subprocess
import sys
import tempfile

CHANGE = "- create-vpc-endpoint: {vpc: bat, service: s3, route-tables: bat_rtb_ngw}\n"
TOUR = "scenarios/gateway-endpoint/creating-an-endpoint-resets-open-connections.yaml"


def status_of(shown):
    """The exit status of a command that prints this: 2 for a refusal, 1 where something is lost at the end."""
    lines = shown.rstrip("\n").split("\n")
    if lines[0].startswith("error:"):
        return 2
    return 1 if lines[-1].startswith("✗ ") else 0


def main():
    program, root = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path.cwd()
    readme = (root / "README.md").read_text(encoding="utf-8")
    wrong = shown = 0
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for part in ["scenarios", "tests"]:
            (folder / part).symlink_to(root / part, target_is_directory=True)
        (folder / "change.yaml").write_text(CHANGE, encoding="utf-8")

        def run(arguments):
            return subprocess.run([program, *arguments], cwd=folder, capture_output=True, text=True, check=False)

        for block in re.findall(r"^```text\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL):
            commands = re.split(r"^\$ vpclab (.*)\n", block, flags=re.MULTILINE)
            for arguments, expected in zip(commands[1::2], commands[2::2]):
                shown += 1
                done = run(arguments.split())
                if (done.stdout + done.stderr).rstrip("\n") != expected.rstrip("\n"):
                    wrong += 1
                    print(f"README.md shows something else than `vpclab {arguments}` prints:\n{done.stdout}{done.stderr}")
                elif done.returncode != status_of(expected):
                    wrong += 1
                    print(f"`vpclab {arguments}` exits with {done.returncode}, not with {status_of(expected)}")
        # The tour is the beginning of a longer output.
        tour = re.search(r"^```text\n(Creating an endpoint.*?)^```$", readme, re.MULTILINE | re.DOTALL).group(1)
        done = run(["run", TOUR, "--only", "client"])
        shown += 1
        if not done.stdout.startswith(tour) or done.returncode != 0:
            wrong += 1
            print(f"README.md's tour is not how the output begins, or it exits with {done.returncode}:\n{done.stdout}")
    print(f"{shown} commands of README.md, {wrong} otherwise than shown")
    sys.exit(1 if wrong or not shown else 0)


if __name__ == "__main__":
    main()
