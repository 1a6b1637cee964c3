"""What a program with psycopg2 does: cursors, parameters, commit, rollback, errors by class.

Licence: MIT, see LICENSE.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import psycopg2
from check import check, eq, main

USERS = "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT UNIQUE)"


def connect():
    e = os.environ
    return psycopg2.connect(host=e["PGHOST"], port=int(e["PGPORT"]), user=e["PGUSER"], password=e.get("PGPASSWORD", ""), database=e["PGDATABASE"])


def fresh():
    c = connect()
    cur = c.cursor()
    cur.execute("DROP TABLE IF EXISTS users")
    cur.execute(USERS)
    c.commit()
    return c, cur


def fails(kind, code, fn, *args):
    try:
        fn(*args)
    except kind as e:
        eq(e.pgcode, code)
    else:
        raise AssertionError(f"{kind.__name__} expected")


@check
def create_insert_select():
    c, cur = fresh()
    cur.execute("INSERT INTO users (id, name, email) VALUES (%s, %s, %s)", (1, "Alice", "alice@example.com"))
    eq(cur.rowcount, 1)
    c.commit()
    cur.execute("SELECT * FROM users")
    eq(cur.fetchall(), [(1, "Alice", "alice@example.com")])
    eq([d.name for d in cur.description], ["id", "name", "email"])
    c.close()


@check
def commit_is_visible_elsewhere():
    c, cur = fresh()
    cur.execute("INSERT INTO users VALUES (%s, %s, %s)", (1, "Bob", None))
    d = connect()
    k = d.cursor()
    k.execute("SELECT count(*) FROM users")
    eq(k.fetchone(), (0,))
    d.rollback()
    c.commit()
    k.execute("SELECT name, email FROM users WHERE id = %s", (1,))
    eq(k.fetchone(), ("Bob", None))


@check
def rollback():
    c, cur = fresh()
    cur.execute("INSERT INTO users VALUES (1, 'x', NULL)")
    c.rollback()
    cur.execute("SELECT count(*) FROM users")
    eq(cur.fetchone(), (0,))


@check
def unique_email():
    c, cur = fresh()
    cur.execute("INSERT INTO users VALUES (1, 'a', 'a@x')")
    c.commit()
    fails(psycopg2.IntegrityError, "23505", cur.execute, "INSERT INTO users VALUES (2, 'b', 'a@x')")
    c.rollback()


@check
def name_required():
    c, cur = fresh()
    fails(psycopg2.IntegrityError, "23502", cur.execute, "INSERT INTO users (id) VALUES (1)")


@check
def missing_table():
    cur = connect().cursor()
    fails(psycopg2.ProgrammingError, "42P01", cur.execute, "SELECT * FROM no_such_users")


@check
def quoted_parameters():
    c, cur = fresh()
    names = ["O'Hara", 'say "hi"', "100%", "back\\slash", "naïve 🐘"]
    cur.executemany("INSERT INTO users (id, name) VALUES (%s, %s)", list(enumerate(names)))
    cur.execute("SELECT name FROM users ORDER BY id")
    eq([r[0] for r in cur], names)


@check
def context_managers():
    c, cur = fresh()
    with c, c.cursor() as k:
        k.execute("INSERT INTO users VALUES (1, 'kept', NULL)")
    try:
        with c, c.cursor() as k:
            k.execute("INSERT INTO users VALUES (2, 'lost', NULL)")
            raise KeyError
    except KeyError:
        pass
    cur.execute("SELECT name FROM users")
    eq(cur.fetchall(), [("kept",)])


main()
