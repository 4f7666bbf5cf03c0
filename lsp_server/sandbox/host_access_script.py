"""This script runs inside a sandbox: it hands out a socket that listens there, and becomes the command.

Its arguments are the descriptor to hand it to, the hosts that are reached without the proxy,
and the command. It is run by itself, so it imports nothing of ours.
"""

import os
import socket
import sys

if __name__ == "__main__":
    descriptor, direct, *command = sys.argv[1:]
    with socket.socket(fileno=int(descriptor)) as outside, socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        proxy = f"http://127.0.0.1:{listener.getsockname()[1]}"
        socket.send_fds(outside, [b"s"], [listener.fileno()])
    # Programs know them by either case; curl reads the first in small letters alone.
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        os.environ[name] = proxy
    os.environ |= {"no_proxy": direct, "NO_PROXY": direct, "NODE_USE_ENV_PROXY": "1"}
    os.execvp(command[0], command)  # noqa: S606 - the command has its own shell
