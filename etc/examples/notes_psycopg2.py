#!/usr/bin/env python3
"""psycopg2: create a table, insert in a transaction, select.

    notes_psycopg2.py [postgresql://postgres:postgres@127.0.0.1:5432/myapp]

Without an argument the connection is that of PGHOST, PGPORT, PGUSER, PGPASSWORD and PGDATABASE.
Debian: apt install python3-psycopg2
"""
import sys

import psycopg2

connection = psycopg2.connect(sys.argv[1] if len(sys.argv) > 1 else "")

with connection, connection.cursor() as cursor:  # commits at the end, rolls back on an exception
    cursor.execute("CREATE TABLE IF NOT EXISTS notes_py (id integer PRIMARY KEY, title text NOT NULL, done boolean)")
    cursor.execute("DELETE FROM notes_py")
    cursor.executemany(
        "INSERT INTO notes_py (id, title, done) VALUES (%s, %s, %s)",
        [(1, "write to the bucket", True), (2, "read it on another machine", False)],
    )

try:
    with connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO notes_py (id, title) VALUES (%s, %s)", (3, "never seen"))
        cursor.execute("INSERT INTO notes_py (id, title) VALUES (%s, %s)", (1, "taken"))
except psycopg2.IntegrityError as error:
    print("rolled back:", error.pgcode)

with connection, connection.cursor() as cursor:
    cursor.execute("SELECT title, done FROM notes_py WHERE id <= %s ORDER BY id", (10,))
    for title, done in cursor:
        print(title, "-", "done" if done else "to do")
connection.close()
