# tests/cmd: its part of the one Makefile

EXTRA_DIST += tests/cmd/kill9.py tests/cmd/kill9.sh
