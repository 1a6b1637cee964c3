# tests/vfs: its part of the one Makefile
