# tests/fuzz: its part of the one Makefile
