"""Kill pgblobd with -9 in a loop while clients commit: nothing acknowledged may be lost.

usage: kill9.py BUILD-DIRECTORY ROUNDS [ARG...]     ARGs go to pgblobd
Each round starts the server as a new machine would, with an empty cache, checks all that was
acknowledged before, lets clients commit, and kills it at some moment.
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

import psycopg2

CLIENTS = 4
ACCOUNTS = 10
DATABASE = os.environ.get("KILL9_DATABASE", "myapp")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server:
    def __init__(self, build, args):
        self.port = free_port()
        self.cache = tempfile.mkdtemp(prefix="pgblob-kill9.")
        env = dict(os.environ, DB_NAME=DATABASE, PG_PORT=str(self.port), PG_HOST="127.0.0.1", LOG_LEVEL="warn",
                   DB_PATH=os.path.join(self.cache, "myapp.sqlite"))
        self.process = subprocess.Popen([os.path.join(build, "pgblobd"), *args], env=env,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        if not select.select([self.process.stdout], [], [], 120)[0] or not self.process.stdout.readline():
            raise SystemExit("pgblobd did not become ready within 120 s")

    def connect(self):
        return psycopg2.connect(host="127.0.0.1", port=self.port, user="postgres", password="postgres",
                                dbname=DATABASE, connect_timeout=60)

    def kill(self):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.cache, ignore_errors=True)


class Client(threading.Thread):
    """Commits rows and transfers, and remembers what was acknowledged."""

    def __init__(self, server, number, first):
        super().__init__(daemon=True)
        self.server, self.number, self.next = server, number, first
        self.acknowledged, self.doubtful, self.wrong = [], [], []

    def run(self):
        try:
            c = self.server.connect()
            k = c.cursor()
            while True:
                key = self.number * 1000000 + self.next
                self.next += 1
                a, b = random.sample(range(ACCOUNTS), 2)
                self.doubtful.append(key)
                try:
                    k.execute("INSERT INTO written VALUES (%s, %s)", (key, "x" * random.randrange(2000)))
                    k.execute("UPDATE account SET balance = balance - 1 WHERE id = %s", (a,))
                    k.execute("UPDATE account SET balance = balance + 1 WHERE id = %s", (b,))
                    c.commit()
                except psycopg2.errors.SerializationFailure:
                    c.rollback()
                    self.doubtful.remove(key)
                    continue
                self.doubtful.remove(key)
                self.acknowledged.append(key)
        except (psycopg2.OperationalError, psycopg2.InterfaceError):
            pass  # the server is gone
        except Exception as e:  # noqa: BLE001 - told by the main thread
            self.wrong.append(repr(e))


def verify(server, acknowledged, doubtful):
    c = server.connect()
    c.autocommit = True
    k = c.cursor()
    k.execute("SELECT id FROM written")
    there = {row[0] for row in k.fetchall()}
    lost = acknowledged - there
    invented = there - acknowledged - doubtful
    k.execute("SELECT sum(balance), count(*) FROM account")
    total = k.fetchone()
    k.execute("PRAGMA integrity_check")
    integrity = k.fetchall()
    c.close()
    errors = []
    if lost:
        errors.append(f"{len(lost)} acknowledged commits are lost, such as {sorted(lost)[:5]}")
    if invented:
        errors.append(f"{len(invented)} rows are there that nobody committed")
    if (int(total[0]), total[1]) != (0, ACCOUNTS):
        errors.append(f"the balances add up to {total[0]}, not 0: a transaction was applied in part")
    if integrity != [("ok",)]:
        errors.append(f"integrity_check says {integrity[:3]}")
    return errors, there


def wait_for_a_commit(clients):
    """However long it takes until the first one is acknowledged: what follows is to be killed, not what comes before."""
    end = time.monotonic() + 60
    while time.monotonic() < end and not any(c.acknowledged for c in clients):
        time.sleep(0.01)


def main():
    build, rounds, args = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
    seed = int(os.environ.get("KILL9_SEED", str(random.randrange(1 << 30))))
    random.seed(seed)
    acknowledged, doubtful = set(), set()
    firsts = [0] * CLIENTS
    passed = failed = 0
    for round_number in range(rounds + 1):
        server = Server(build, args)
        if round_number == 0:
            c = server.connect()
            k = c.cursor()
            k.execute("CREATE TABLE written (id bigint PRIMARY KEY, filler text)")
            k.execute("CREATE TABLE account (id int PRIMARY KEY, balance bigint NOT NULL)")
            k.execute("INSERT INTO account SELECT i, 0 FROM generate_series(0, %s) AS i", (ACCOUNTS - 1,))
            c.commit()
            c.close()
        errors, there = verify(server, acknowledged, doubtful)
        acknowledged |= there
        doubtful -= there
        if round_number < rounds:
            clients = [Client(server, i, firsts[i]) for i in range(CLIENTS)]
            for c in clients:
                c.start()
            wait_for_a_commit(clients)
            time.sleep(random.uniform(0, 1.2))
        server.kill()
        if round_number < rounds:
            for c in clients:
                c.join(120)
                if c.is_alive():
                    errors.append("a client hangs after the server died")
                errors += c.wrong
            before = len(acknowledged)
            for i, c in enumerate(clients):
                acknowledged.update(c.acknowledged)
                doubtful.update(c.doubtful)
                firsts[i] = c.next
            if len(acknowledged) == before:
                errors.append("no commit was acknowledged in this round: nothing was tested")
        passed += not errors
        failed += bool(errors)
        for e in errors:
            print(f"round {round_number} (KILL9_SEED={seed}): {e}")
    print(f"{len(acknowledged)} acknowledged commits, {rounds} kills")
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


main()
