"""Several pgblobd on one bucket, transfers by many clients, kill -9 and a bad network: is the history right?

usage: transfers.py BUILD-DIRECTORY SECONDS OPTION ENDPOINT [ARG...]
    OPTION    of pgblobd for the store's endpoint, such as --storage.s3.endpoint; "-" if there is none
    ENDPOINT  the store's URL: each server gets a store-proxy of its own in front of it
    ARG       go to pgblobd
Each transfer moves money and writes a row of a journal.  Who gets 40001 tries the same transfer again; who does not
know what became of it (08007, or the server died) finds out: he commits something else, so that what is still on its
way is late for its slot, and reads.  Then: what was acknowledged is there, nothing is there twice, what was found not
to be there stays away, each reader sees balances that are exactly those of the journal he sees, with all in it that
was acknowledged before he began, and in his transaction always the same.
TRANSFERS_SEED in the environment: what is drawn here is drawn again (the history is another one all the same).
Licence: MIT, see LICENSE.
"""
import os
import random
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

import psycopg2
from psycopg2.extensions import ISOLATION_LEVEL_READ_COMMITTED, ISOLATION_LEVEL_REPEATABLE_READ

SERVERS = 3
CLIENTS = 3  # of each server
ACCOUNTS = 12
DATABASE = os.environ.get("TRANSFERS_DATABASE", "transfers")
# what a client may be told, besides the end of the connection
EXPECTED = {"40001", "08007", "08006", "57P01", "57P03", "58030", "55P03"}
FAULTS = ["drop", "lost-reply", "late", "delay", "repeat", "truncate", "garbage", "503", "500", "500-done", "409", "hang"]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def first_line(process, seconds):
    """What the program says when it is ready; None if it ends, or does not get ready."""
    if not select.select([process.stdout], [], [], seconds)[0]:
        return None
    return process.stdout.readline().decode().strip() or None


class Proxy:
    def __init__(self, build, target):
        self.process = subprocess.Popen([os.path.join(build, "tests/lib/store-proxy"), target],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        self.url = first_line(self.process, 120)
        if self.url is None:
            raise SystemExit("store-proxy did not become ready within 120 s")

    def tell(self, path):
        host = "/".join(self.url.split("/")[:3])
        with urllib.request.urlopen(f"{host}/-/{path}", timeout=60) as answer:
            return answer.read().decode()

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Server:
    """One machine: a pgblobd that is killed and started again with an empty cache."""

    def __init__(self, build, option, endpoint, args):
        self.build, self.args = build, list(args)
        self.proxy = Proxy(build, endpoint) if option != "-" else None
        if self.proxy:
            self.args.append(f"{option}={self.proxy.url}")
        self.process, self.port, self.cache = None, None, None
        self.log = tempfile.TemporaryFile()

    def start(self, seconds=180):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.port = free_port()
            self.cache = tempfile.mkdtemp(prefix="pgblob-transfers.")
            env = dict(os.environ, DB_NAME=DATABASE, PG_PORT=str(self.port), PG_HOST="127.0.0.1", LOG_LEVEL="warn",
                       CACHE_TTL_MINUTES="0", DB_PATH=os.path.join(self.cache, "db.sqlite"))
            self.process = subprocess.Popen([os.path.join(self.build, "pgblobd"), *self.args], env=env,
                                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.log)
            if first_line(self.process, 40) is not None:
                return
            self.kill()  # a fault in its way: it says so and ends
            if self.proxy:
                self.proxy.tell("disarm")
        raise SystemExit(f"pgblobd does not start: {self.told()}")

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        shutil.rmtree(self.cache, ignore_errors=True)

    def told(self):
        self.log.seek(0)
        return self.log.read().decode(errors="replace")[-2000:]

    def connect(self):
        return psycopg2.connect(host="127.0.0.1", port=self.port, user="postgres", password="postgres",
                                dbname=DATABASE, connect_timeout=60)


class History:
    """What clients were told.  Transfers are numbers; rows of the journal are (number, from, to, amount)."""

    def __init__(self):
        self.lock = threading.Lock()
        self.next = 0
        self.rows, self.done, self.gone = {}, set(), set()
        self.wrong, self.reads, self.told = [], 0, {}

    def begin(self):
        with self.lock:
            self.next += 1
            a, b = random.sample(range(ACCOUNTS), 2)
            self.rows[self.next] = (self.next, a, b, random.randrange(100))
            return self.rows[self.next]

    def acknowledged(self, row):
        with self.lock:
            self.done.add(row[0])

    def given_up(self, row):
        with self.lock:
            self.gone.add(row[0])

    def acknowledged_now(self):
        with self.lock:
            return set(self.done)

    def error(self, e):
        """Counts it; what nobody should be told is wrong."""
        code = e.pgcode or "connection"
        with self.lock:
            self.told[code] = self.told.get(code, 0) + 1
            if e.pgcode and e.pgcode not in EXPECTED:
                self.wrong.append(f"a client was told {e.pgcode}: {e}")
        return code

    def problem(self, text):
        with self.lock:
            self.wrong.append(text)

    def check(self, balances, journal, must):
        """Whole states only: `must` is what was acknowledged before they were read."""
        problems = []
        numbers = [row[0] for row in journal]
        there = set(numbers)
        expected = dict.fromkeys(range(ACCOUNTS), 0)
        for number, a, b, x in journal:
            if self.rows.get(number) != (number, a, b, x):
                problems.append(f"transfer {number} is not as it was written")
            expected[a] -= x
            expected[b] += x
        if len(there) != len(numbers):
            twice = sorted(n for n in there if numbers.count(n) > 1)
            problems.append(f"{len(twice)} transfers are there twice, such as {twice[:5]}")
        if must - there:
            problems.append(f"{len(must - there)} acknowledged transfers are missing, such as {sorted(must - there)[:5]}")
        if dict(balances) != expected:
            problems.append("the balances are not those of the journal: a transfer was applied in part")
        with self.lock:
            gone = there & self.gone
        if gone:
            problems.append(f"transfers are there that were found not to be, such as {sorted(gone)[:5]}")
        return problems


class Client(threading.Thread):
    def __init__(self, servers, home, history, stop):
        super().__init__(daemon=True)
        self.servers, self.home, self.history, self.stop = servers, home, history, stop
        self.connection = None

    def cursor(self, server):
        if self.connection is None or self.connection.closed:
            self.connection = server.connect()
        return self.connection.cursor()

    def forget(self):
        try:
            if self.connection is not None:
                self.connection.close()
        except psycopg2.Error:
            pass
        self.connection = None

    def transfer(self, row):
        """"done"; "failed": it did not happen; "unknown"."""
        number, a, b, x = row
        committing = False
        try:
            k = self.cursor(self.home)
            self.connection.set_session(isolation_level=random.choice(
                (ISOLATION_LEVEL_READ_COMMITTED, ISOLATION_LEVEL_REPEATABLE_READ)))
            k.execute("UPDATE account SET balance = balance - %s WHERE id = %s", (x, a))
            if random.random() < 0.2:
                k.execute("SAVEPOINT s; UPDATE account SET balance = 0; DELETE FROM journal; ROLLBACK TO SAVEPOINT s")
            k.execute("UPDATE account SET balance = balance + %s WHERE id = %s", (x, b))
            k.execute("INSERT INTO journal VALUES (%s, %s, %s, %s)", row)
            committing = True
            self.connection.commit()
            return "done"
        except (psycopg2.OperationalError, psycopg2.InterfaceError) as e:
            code = self.history.error(e) if isinstance(e, psycopg2.OperationalError) else "connection"
            if code in ("40001", "58030", "55P03"):
                try:
                    self.connection.rollback()
                except psycopg2.Error:
                    self.forget()
                return "failed"
            self.forget()
            return "unknown" if committing else "failed"

    def find_out(self, row):
        """Behind a commit of ours nothing that was sent before it can take its slot any more."""
        end = None
        while end is None or time.monotonic() < end:
            if end is None and self.stop.is_set():
                end = time.monotonic() + 60
            self.forget()
            try:
                k = self.cursor(random.choice(self.servers))
                k.execute("INSERT INTO fence VALUES (%s)", (row[0],))
                self.connection.commit()
                k.execute("SELECT count(*) FROM journal WHERE number = %s", (row[0],))
                there = k.fetchone()[0] > 0
                self.connection.commit()
                self.forget()
                return "done" if there else "failed"
            except psycopg2.OperationalError as e:
                self.history.error(e)
            except psycopg2.InterfaceError:
                pass
            time.sleep(0.1)
        self.history.problem(f"nobody can find out what became of transfer {row[0]}")
        return "unknown"

    def read(self):
        must = self.history.acknowledged_now()
        try:
            k = self.cursor(self.home)
            self.connection.set_session(isolation_level=ISOLATION_LEVEL_REPEATABLE_READ)
            k.execute("SELECT id, balance FROM account")
            balances = k.fetchall()
            time.sleep(random.choice((0, 0, 0.05, 0.3)))
            k.execute("SELECT number, source, target, amount FROM journal")
            journal = k.fetchall()
            k.execute("SELECT id, balance FROM account")
            again = k.fetchall()
            self.connection.commit()
        except psycopg2.OperationalError as e:
            if self.history.error(e) == "connection":
                self.forget()
            elif self.connection is not None and not self.connection.closed:
                self.connection.rollback()
            return
        except psycopg2.InterfaceError:
            self.forget()
            return
        problems = self.history.check(balances, journal, must)
        if sorted(again) != sorted(balances):
            problems.append("one transaction has read two states")
        for p in problems:
            self.history.problem(p)
        with self.history.lock:
            self.history.reads += 1

    def run(self):
        try:
            while not self.stop.is_set():
                if random.random() < 0.25:
                    self.read()
                    continue
                row = self.history.begin()
                while not self.stop.is_set():
                    outcome = self.transfer(row)
                    if outcome == "unknown":
                        outcome = self.find_out(row)
                    if outcome == "done":
                        self.history.acknowledged(row)
                        break
                    if outcome == "failed" and random.random() < 0.1:
                        self.history.given_up(row)
                        break
                    time.sleep(random.uniform(0, 0.05))
        except Exception as e:  # noqa: BLE001 - told by the main thread
            self.history.problem(repr(e))
        self.forget()


def strike(servers):
    """Something happens to one of them.  True: it was killed."""
    server = random.choice(servers)
    if server.proxy is None or random.random() < 0.25:
        server.kill()
        time.sleep(random.choice((0, 0.2, 1)))
        server.start()
        return True
    mode = random.choices(FAULTS, [4] * (len(FAULTS) - 1) + [1])[0]
    sticky = "&sticky" if mode != "hang" and random.random() < 0.2 else ""
    server.proxy.tell(f"delay?ms={random.choice((20, 200, 1500))}")
    server.proxy.tell(f"arm?nth={random.randrange(1, 6)}&mode={mode}{sticky}")
    time.sleep(random.uniform(0.05, 0.6))
    if sticky:
        server.proxy.tell("disarm")
    return False


def set_up(server):
    c = server.connect()
    k = c.cursor()
    k.execute("CREATE TABLE account (id int PRIMARY KEY, balance bigint NOT NULL)")
    k.execute("CREATE TABLE journal (number bigint NOT NULL, source int, target int, amount bigint)")
    k.execute("CREATE TABLE fence (number bigint)")
    k.execute("INSERT INTO account SELECT i, 0 FROM generate_series(0, %s) AS i", (ACCOUNTS - 1,))
    c.commit()
    c.close()


def final_state(server, history):
    c = server.connect()
    k = c.cursor()
    k.execute("SELECT id, balance FROM account")
    balances = k.fetchall()
    k.execute("SELECT number, source, target, amount FROM journal")
    problems = history.check(balances, k.fetchall(), history.acknowledged_now())
    c.commit()
    c.autocommit = True
    k.execute("PRAGMA integrity_check")
    integrity = k.fetchall()
    if integrity != [("ok",)]:
        problems.append(f"integrity_check says {integrity[:3]}")
    k.execute("INSERT INTO fence VALUES (0)")  # and each of them can write
    c.close()
    return problems


def main():
    build, seconds, option, endpoint, args = sys.argv[1], float(sys.argv[2]), sys.argv[3], sys.argv[4], sys.argv[5:]
    seed = int(os.environ.get("TRANSFERS_SEED", str(random.randrange(1 << 30))))
    random.seed(seed)
    history, stop, kills, strikes = History(), threading.Event(), 0, 0
    servers = [Server(build, option, endpoint, args) for _ in range(SERVERS)]
    try:
        for s in servers:
            s.start()
        set_up(servers[0])
        clients = [Client(servers, servers[i % SERVERS], history, stop) for i in range(SERVERS * CLIENTS)]
        for c in clients:
            c.start()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(random.uniform(0.2, 1))
            strikes += 1
            kills += strike(servers)
        for s in servers:
            if s.proxy:
                s.proxy.tell("disarm")
        stop.set()
        for c in clients:
            c.join(120)
            if c.is_alive():
                history.problem("a client hangs")
        checks = [history.wrong[:10]]
        for s in servers:  # as new machines would see it
            s.kill()
            s.start()
            checks.append(final_state(s, history))
    finally:
        for s in servers:
            if s.process and s.process.poll() is None:
                s.kill()
            if s.proxy:
                s.proxy.stop()
    if not history.done or not history.reads or not kills:
        checks.append(["nothing was tested"])
    for problems in checks:
        for p in problems:
            print(f"TRANSFERS_SEED={seed}: {p}")
    if any(checks):
        print("\n".join(s.told() for s in servers))
    told = ", ".join(f"{n} of {code}" for code, n in sorted(history.told.items()))
    print(f"{len(history.done)} transfers, {history.reads} reads, {strikes} strikes, {kills} of them kills; errors: {told}")
    failed = sum(bool(problems) for problems in checks)
    print(f"{len(checks) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


main()
