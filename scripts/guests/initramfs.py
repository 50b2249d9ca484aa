# SPDX-License-Identifier: Apache-2.0
"""How does a root file system for Linux come about?  As an archive that Linux unpacks into memory
at start (cpio, format "newc": Linux, "initramfs buffer format"), from files of this host.  The same
files give the same bytes: owners are 0, times are 0, the order is that of the command line.

Command line: initramfs.py OUT [PATH=FILE ...]; a PATH without file is a directory.  Every file may
be executed.  /dev/console comes by itself, since Linux opens it before anything is mounted."""
import os
import stat
import sys

DIRECTORY = stat.S_IFDIR | 0o755
PROGRAM = stat.S_IFREG | 0o755
CONSOLE = stat.S_IFCHR | 0o600
CONSOLE_DEVICE = (5, 1)
ALIGN = 4


def padded(data):
    return data + b"\0" * (-len(data) % ALIGN)


def entry(number, path, mode, data=b"", device=(0, 0)):
    name = path.encode() + b"\0"
    fields = (number, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(name), 0)
    header = b"070701" + b"".join(b"%08x" % field for field in fields)
    return padded(header + name) + padded(data)


def archive(members):
    """members: (path, bytes or None for a directory), in order."""
    parts = [entry(1, "dev", DIRECTORY), entry(2, "dev/console", CONSOLE, device=CONSOLE_DEVICE)]
    for number, (path, data) in enumerate(members, 3):
        parts.append(entry(number, path, DIRECTORY if data is None else PROGRAM, data or b""))
    return b"".join(parts) + entry(0, "TRAILER!!!", 0)


def main():
    out, *wanted = sys.argv[1:]
    members = []
    for member in wanted:
        path, _, file = member.partition("=")
        data = None
        if file:
            with open(file, "rb") as content:
                data = content.read()
        members.append((path, data))
    with open(out + ".new", "wb") as file:
        file.write(archive(members))
    os.replace(out + ".new", out)


if __name__ == "__main__":
    main()
