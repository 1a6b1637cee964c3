# SQLite's own tests on databases of ours: a target of its own, they take half an hour.
EXTRA_DIST += tests/sqlite/README.md tests/sqlite/run tests/sqlite/left-out.txt \
	tests/sqlite/file_names.c tests/sqlite/files.tcl
sqlite-tests: libvfs.a libblob.a libbase.a
	$(top_srcdir)/tests/sqlite/run .
.PHONY: sqlite-tests
