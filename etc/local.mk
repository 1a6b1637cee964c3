# etc: its part of the one Makefile
