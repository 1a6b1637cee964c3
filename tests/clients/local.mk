# tests/clients: its part of the one Makefile
EXTRA_DIST += \
	tests/clients/README.md tests/clients/run tests/clients/package.json \
	tests/clients/lib/check.js tests/clients/lib/check.py tests/clients/lib/check.sh tests/clients/lib/oracle \
	tests/clients/examples/driver tests/clients/jdbc/Driver.java tests/clients/node-pg/driver.js \
	tests/clients/pgbench/driver tests/clients/psql/driver tests/clients/psycopg2/driver.py \
	etc/examples/README.md etc/examples/NotesJdbc.java etc/examples/notes.psql etc/examples/notes_node.js \
	etc/examples/notes_psycopg2.py
