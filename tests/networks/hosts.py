"""Hosts on this machine that are honest, slow, cut off, lie or fail, for tests of downloads."""

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np

CONTENT = np.random.default_rng(0).bytes(1_000_000)


class Host:
    """A server on this machine whose behaviour a test sets, and which counts what it was asked.

    `behaviour(handler, content)` answers a request.
    """

    def __init__(self, behaviour, content=CONTENT):
        self.content, self.behaviour, self.requests = content, behaviour, 0
        host = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                host.requests += 1
                try:
                    host.behaviour(self, host.content)
                except (BrokenPipeError, ConnectionResetError):
                    pass  # the client gave up, as it should

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/file"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def stop(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


def head(handler, length, code=200, **headers):
    handler.send_response(code)
    if length is not None:
        handler.send_header("Content-Length", str(length))
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.end_headers()


def honest(handler, content):
    head(handler, len(content))
    handler.wfile.write(content)


def cutting_off(after):
    """Deliver at most so many bytes a connection."""

    def behaviour(handler, content):
        head(handler, len(content))
        handler.wfile.write(content[:after])

    return behaviour


def slow(bytes_per_second):
    def behaviour(handler, content):
        head(handler, len(content))
        step = max(1, bytes_per_second // 50)
        for k in range(0, len(content), step):
            handler.wfile.write(content[k : k + step])
            time.sleep(0.02)

    return behaviour


def lying(handler, content):
    """Deliver as many bytes as expected, but others."""
    honest(handler, bytes(len(content)))


def failing(code):
    def behaviour(handler, content):
        head(handler, 6, code)
        handler.wfile.write(b"sorry\n")

    return behaviour


def redirecting(address):
    def behaviour(handler, content):
        head(handler, 0, 302, Location=address)

    return behaviour


def endless(handler, content):
    """Send for ever, without saying how much."""
    head(handler, None)
    while True:
        handler.wfile.write(content)


def babbling(handler, content):
    """Answer with something that is not HTTP."""
    handler.wfile.write(b"\x00\x01 hello\r\n\r\n")


def in_turn(*behaviours):
    """Behave in one way after the other, and stay with the last."""
    left = list(behaviours)

    def behaviour(handler, content):
        (left.pop(0) if len(left) > 1 else left[0])(handler, content)

    return behaviour
