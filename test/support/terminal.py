"""Runs a command on a pseudo-terminal of a given width: terminal.py COLUMNS KEYS COMMAND...

KEYS are typed once the command asks for something. Prints what the command printed on the terminal
and ends with its exit status.
"""
import fcntl
import os
import pty
import select
import struct
import sys
import termios
import time

columns = int(sys.argv[1])
keys = sys.argv[2].replace("\\n", "\n").encode()
pid, master = pty.fork()
if pid == 0:
    size = struct.pack("HHHH", 40, columns, 0, 0)
    fcntl.ioctl(sys.stdout.fileno(), termios.TIOCSWINSZ, size)
    os.execvp(sys.argv[3], sys.argv[3:])

output = b""
deadline = time.monotonic() + 15
while time.monotonic() < deadline:
    ready, _, _ = select.select([master], [], [], 0.1)
    if ready:
        try:
            chunk = os.read(master, 65536)
        except OSError:
            break
        if not chunk:
            break
        output += chunk
    if keys and (b"[y/N]" in output or b"to go on:" in output):
        os.write(master, keys)
        keys = b""
_, status = os.waitpid(pid, 0)
sys.stdout.buffer.write(output)
sys.exit(os.waitstatus_to_exitcode(status))
