"""Starts a command and writes its wall time, peak memory and status: launcher.py REPORT COMMAND...

A small process, because a child begins with the peak of the process that started it. Uses nothing
beyond the standard library.
"""

import json
import os
import sys
import time

report, command = sys.argv[1], sys.argv[2:]
start = time.perf_counter()
child = os.posix_spawnp(command[0], command, os.environ)
_, status, usage = os.wait4(child, 0)
seconds = time.perf_counter() - start
scale = 1 if sys.platform == "darwin" else 1024
with open(report, "w") as file:
    json.dump([seconds, usage.ru_maxrss * scale, os.waitstatus_to_exitcode(status)], file)
