# Benchmarks are programs, not tests: nothing here can fail on a time.
EXTRA_DIST += bench/postgres
bench: all tests/lib/store-proxy
	$(top_srcdir)/bench/postgres .
.PHONY: bench
