# SPDX-License-Identifier: Apache-2.0
"""How does a test get a kernel with another configuration?  Built below the build under test, once,
whichever of several test processes comes first; the guests are shared."""
import fcntl
import os
import subprocess

import systems


def variant_build(build, name, options):
    """<build>/<name>: the kernel with `options`, {symbol: "y", "n" or a number}, else defaults."""
    directory = os.path.join(build, name)
    os.makedirs(directory, exist_ok=True)
    lines = [f"# CONFIG_{symbol} is not set" if value == "n" else f"CONFIG_{symbol}={value}"
             for symbol, value in options.items()]
    environment = {key: value for key, value in os.environ.items()
                   if key not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    with open(os.path.join(directory, ".lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with open(os.path.join(directory, ".config"), "w", encoding="utf-8") as config:
            config.write("\n".join(lines) + "\n")
        subprocess.run(["make", "-s", "-C", systems.ROOT, f"O={directory}", "kernel"], check=True,
                       env=environment, timeout=600)
        guests = os.path.join(directory, "guests")
        if not os.path.islink(guests):
            os.symlink(os.path.join(os.path.abspath(build), "guests"), guests)
    with open(os.path.join(directory, ".config"), encoding="utf-8") as config:
        text = config.read().splitlines()
    assert all(line in text for line in lines), "an option is unknown or out of range"
    return directory
