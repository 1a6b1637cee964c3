# sql: its part of the one Makefile
