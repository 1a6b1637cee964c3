# cmd: its part of the one Makefile
