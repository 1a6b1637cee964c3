# wire: its part of the one Makefile
