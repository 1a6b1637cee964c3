#!/usr/bin/env python3
"""Cut the power under a local folder, and look what is there afterwards.

    power_loss.py [LOCAL-WORKER [KIND [CUTS [SEED]]]]     default: tests/blob/local-worker, all kinds, 15 cuts

A kind of file system is ext4, ext4-nojournal (checked and mended before it is mounted again), or xfs.

A file served over FUSE is the disk: it logs every write and every flush.  A file system on a loop device on
it, a process that creates objects and tells which were acknowledged, another one that reads them as they
appear.  Then, for random moments: the disk as it would be had the power gone then, that is all writes up to
the last flush that was answered, and any of those after it, also only some sectors of one.  On that disk
every object that was acknowledged, or read by the other process, before the moment must be there, and every
object that is there must be whole.

Needs root, /dev/fuse and loop devices; says so and exits with 77 where they are missing.
Licence: MIT, see LICENSE.
"""
import ctypes
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time

KINDS = {  # size, what makes one, what mends one, its type for mount
    "ext4": (128 << 20, ["mkfs.ext4", "-q"], None, "ext4"),
    "ext4-nojournal": (128 << 20, ["mkfs.ext4", "-q", "-O", "^has_journal"], ["e2fsck", "-fy"], "ext4"),
    "xfs": (320 << 20, ["mkfs.xfs", "-q"], None, "xfs"),
}
RUN_SECONDS = 1.5
IN_HEADER = struct.Struct("<IIQQIIIHH")
SECTOR = 512


def skip(why):
    print(f"skipped: power_loss.py: {why}")
    sys.exit(77)


class Disk:
    """One file, "disk", over FUSE; log holds (offset, bytes), or None for a flush that was answered."""

    def __init__(self, image, mountpoint):
        self.data = image
        self.log = []
        self.mountpoint = mountpoint
        self.fd = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
        libc = ctypes.CDLL(None, use_errno=True)
        options = f"fd={self.fd},rootmode=40000,user_id=0,group_id=0,allow_other".encode()
        if libc.mount(b"power-loss", mountpoint.encode(), b"fuse", 6, options) != 0:
            skip("cannot mount FUSE: " + os.strerror(ctypes.get_errno()))
        threading.Thread(target=self.serve, daemon=True).start()

    def attr(self, node):
        mode, size = (0o40755, 0) if node == 1 else (0o100600, len(self.data))
        return struct.pack("<6Q10I", node, size, size >> 9, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)

    def answer(self, op, node, body):
        """The bytes of an answer, an errno, or None for no answer."""
        if op == 26:  # INIT
            return struct.pack("<IIIIHHIIHHI7I", 7, 31, 0, 1 << 5 | 1 << 22, 12, 9, 1 << 17, 1, 32, 0, 0, *[0] * 7)
        if op == 1:  # LOOKUP
            if body != b"disk\0":
                return 2
            return struct.pack("<QQQQII", 2, 0, 3600, 3600, 0, 0) + self.attr(2)
        if op in (3, 4):  # GETATTR, SETATTR
            return struct.pack("<QII", 3600, 0, 0) + self.attr(node)
        if op in (14, 27):  # OPEN, OPENDIR: nothing is cached outside
            return struct.pack("<QII", 0, 1 if op == 14 else 0, 0)
        if op == 15:  # READ
            offset, size = struct.unpack_from("<QI", body, 8)
            return bytes(self.data[offset:offset + size])
        if op == 16:  # WRITE
            offset, size = struct.unpack_from("<QI", body, 8)
            data = bytes(body[40:40 + size])
            self.data[offset:offset + size] = data
            self.log.append((offset, data))
            return struct.pack("<II", size, 0)
        if op == 20:  # FSYNC
            self.log.append(None)
            return b""
        if op == 17:  # STATFS
            return struct.pack("<5Q4I6I", 1 << 20, 1 << 20, 1 << 20, 9, 9, 4096, 255, 4096, 0, *[0] * 6)
        if op in (18, 25, 29, 34):  # RELEASE, FLUSH, RELEASEDIR, ACCESS
            return b""
        if op in (2, 36, 42):  # FORGET, INTERRUPT, BATCH_FORGET
            return None
        return 38

    def serve(self):
        while True:
            try:
                request = os.read(self.fd, (1 << 17) + 8192)
            except OSError:
                return
            _, op, unique, node, *_ = IN_HEADER.unpack_from(request)
            got = self.answer(op, node, request[IN_HEADER.size:])
            if got is None:
                continue
            error, data = (-got, b"") if isinstance(got, int) else (0, got)
            try:
                os.write(self.fd, struct.pack("<IiQ", 16 + len(data), error, unique) + data)
            except OSError:
                pass  # interrupted meanwhile


def run(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def mend(command, image):
    """What a boot does before it mounts: 0 to 2 say that all is well now."""
    if command and subprocess.run([*command, image], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                  check=False).returncode > 2:
        raise RuntimeError(" ".join(command) + " could not mend the file system")


class Told:
    """The lines of a process, each with the length of the log when it came: the cut is later than that."""

    def __init__(self, command, disk):
        self.seen = []
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.disk = disk
        self.thread = threading.Thread(target=self.read)
        self.thread.start()

    def read(self):
        for line in self.process.stdout:
            self.seen.append((len(self.disk.log), int(line)))

    def stop(self):
        alive = self.process.poll() is None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.thread.join()
        return alive


def disk_after(start, log, cut, rng):
    """What is on the disk when the power goes after `cut` entries of the log."""
    image = bytearray(start)
    flushed = max((i for i in range(cut) if log[i] is None), default=0)
    for entry in log[:flushed]:
        if entry is not None:
            image[entry[0]:entry[0] + len(entry[1])] = entry[1]
    keep = rng.choice((0.0, 0.3, 0.7, 1.0))
    after = [e for e in log[flushed:cut] if e is not None]
    for offset, data in after:
        if rng.random() < keep:
            if rng.random() < 0.2:  # only its first sectors
                data = data[:rng.randrange(0, len(data) + 1, SECTOR)]
            image[offset:offset + len(data)] = data
    return image


def try_kind(worker, kind, n_cuts, seed):
    rng = random.Random(seed)
    size, mkfs, mender, fs_type = KINDS[kind]
    if os.geteuid() != 0 or not os.path.exists("/dev/fuse") or not os.path.exists("/dev/loop-control"):
        skip("needs root, /dev/fuse and loop devices")
    top = tempfile.mkdtemp(prefix="pgblob-power-")
    fuse, mnt, plain = (os.path.join(top, name) for name in ("fuse", "mnt", "plain"))
    store = os.path.join(mnt, "store")  # not where lost+found is
    os.mkdir(fuse)
    os.mkdir(mnt)
    with open(plain, "wb") as f:
        f.truncate(size)
    run(*mkfs, plain)
    with open(plain, "rb") as f:
        start = f.read()
    disk = Disk(bytearray(start), fuse)
    loop = None
    mounted = False
    failed = 0
    try:
        found = subprocess.run(["losetup", "--find", "--show", os.path.join(fuse, "disk")], text=True,
                               stdout=subprocess.PIPE, check=False)
        if found.returncode != 0:
            skip("cannot set up a loop device")
        loop = found.stdout.strip()
        run("mount", "-t", fs_type, loop, mnt)
        mounted = True
        os.mkdir(store)
        run("sync", "-f", store)
        creator = Told([worker, "create", store, "3"], disk)
        follower = Told([worker, "follow", store, "3"], disk)
        time.sleep(RUN_SECONDS)
        limit = time.monotonic() + 60
        while time.monotonic() < limit and not (creator.seen and follower.seen):
            time.sleep(0.1)  # a busy machine
        for told, what in ((creator, "creator"), (follower, "reader")):
            if not told.stop():
                print(f"the {what} ended by itself")
                failed += 1
        end = len(disk.log)
        log = disk.log[:end]
        run("umount", mnt)
        mounted = False
        run("losetup", "-d", loop)
        loop = None
        for _ in range(n_cuts):
            cut = rng.randrange(end // 10, end)
            with open(plain, "wb") as f:
                f.write(disk_after(start, log, cut, rng))
            mend(mender, plain)
            run("mount", "-o", "loop", "-t", fs_type, plain, mnt)
            mounted = True
            check = subprocess.run([worker, "check", store], stdout=subprocess.PIPE, text=True, check=False)
            run("umount", mnt)
            mounted = False
            there = set(map(int, check.stdout.split()))
            for told, what in ((creator, "acknowledged"), (follower, "read by another process")):
                lost = sorted(n for at, n in told.seen if at <= cut and n not in there)
                if lost:
                    print(f"cut {cut}: lost {len(lost)} objects that were {what}, such as {lost[0]}")
                    failed += 1
            failed += check.returncode != 0
        print(f"{kind}: {len(creator.seen)} objects acknowledged, {len(follower.seen)} read, {end} writes and flushes, "
              f"{n_cuts} cuts, {failed} failures (seed {seed})")
        if not creator.seen or not follower.seen:
            print("nothing was tried")
            failed += 1
    finally:
        if mounted:
            subprocess.run(["umount", mnt], check=False)
        if loop:
            subprocess.run(["losetup", "-d", loop], check=False)
        subprocess.run(["umount", fuse], check=False)
        shutil.rmtree(top, ignore_errors=True)
    return failed


def main():
    worker = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "tests/blob/local-worker")
    kinds = sys.argv[2:3] or sorted(KINDS)
    n_cuts = int(sys.argv[3]) if len(sys.argv) > 3 else 15
    seed = int(sys.argv[4]) if len(sys.argv) > 4 else random.randrange(1 << 30)
    here = [kind for kind in kinds if shutil.which(KINDS[kind][1][0])]
    if not here:
        skip("there is no mkfs for " + " or ".join(kinds))
    sys.exit(1 if sum(try_kind(worker, kind, n_cuts, seed) for kind in here) else 0)


main()
