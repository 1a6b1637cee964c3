# tests/blob: its part of the one Makefile
