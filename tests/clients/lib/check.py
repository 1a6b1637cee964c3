"""Run functions marked @check, in order, each in a child process with a time limit.

Licence: MIT, see LICENSE.
"""
import os
import select
import signal
import sys
import time

CHECKS = []


def check(fn=None, *, timeout=120):
    def add(f):
        CHECKS.append((f.__name__, f, timeout))
        return f
    return add(fn) if fn else add


def eq(got, want, what=""):
    if got != want:
        raise AssertionError(f"{what or 'got'} {got!r}, want {want!r}")


def has(text, *parts):
    for p in parts:
        if p not in text:
            raise AssertionError(f"{p!r} missing from {text!r}")


def reason(e):
    text = " ".join(str(e).split()) or "assertion failed"
    tb = e.__traceback__
    line = 0
    while tb:
        if tb.tb_frame.f_code.co_filename.endswith("driver.py"):
            line = tb.tb_lineno
        tb = tb.tb_next
    return f"{type(e).__name__}: {text[:300]} (line {line})"


def run_one(fn, timeout):
    r, w = os.pipe()
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        os.setsid()
        try:
            fn()
            code, msg = 0, ""
        except BaseException as e:
            code, msg = 1, reason(e)
        os.write(w, msg.encode()[:4000])
        os._exit(code)
    os.close(w)
    end, buf, late = time.time() + timeout, b"", False
    while True:
        ready, _, _ = select.select([r], [], [], max(0, end - time.time()))
        if not ready:
            late = True
            break
        chunk = os.read(r, 4096)
        if not chunk:
            break
        buf += chunk
    try:
        os.killpg(pid, signal.SIGKILL)
    except OSError:
        pass
    _, status = os.waitpid(pid, 0)
    os.close(r)
    if late:
        return f"timeout after {timeout}s"
    if status == 0:
        return None
    return buf.decode(errors="replace") or f"died with status {status}"


def main():
    wanted = sys.argv[1:]
    todo = [c for c in CHECKS if not wanted or c[0] in wanted]
    print(f"1..{len(todo)}", flush=True)
    bad = 0
    for name, fn, timeout in todo:
        why = run_one(fn, timeout)
        bad += why is not None
        print(f"ok {name}" if why is None else f"not ok {name}: {why}", flush=True)
    print(f"{len(todo) - bad} passed, {bad} failed", flush=True)
    sys.exit(1 if bad else 0)
