# SPDX-License-Identifier: Apache-2.0
"""With which command was each file compiled?  Writes compile_commands.json for editors and
clang-tidy from the list of objects and the flags that the Makefile passes."""
import argparse
import json
import os


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--compiler", required=True)
    parser.add_argument("--flags", required=True)
    parser.add_argument("objects", nargs="*")
    args = parser.parse_args()

    entries = []
    for obj in args.objects:
        source = os.path.splitext(os.path.relpath(obj, args.build))[0] + ".c"
        if os.path.exists(source):
            command = f"{args.compiler} {args.flags} -c -o {obj} {source}"
            entries.append({"directory": os.getcwd(), "file": source, "command": command})
    with open(args.out, "w", encoding="utf-8") as out:
        json.dump(entries, out, indent=1)
        out.write("\n")


if __name__ == "__main__":
    main()
